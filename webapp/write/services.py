"""What happens to a document: every step is a version of it, made from the one that was shown."""

from uuid import UUID

from django.db import transaction

from webapp.accounts.models import Team, User
from webapp.chat import actions, titles
from webapp.chat import services as chat
from webapp.chat.models import Conversation, Message, Role, Task
from webapp.lib import words
from webapp.write.models import Change
from webapp.write.room import has_room
from webapp.write.selection import Selection
from webapp.write.texts import Place
from webapp.write.versions import Action, Version, current_version

Busy = chat.Busy


class Changed(Exception):
    """Somebody else went on with the document; `version` is what they made of it."""

    def __init__(self, version: Version):
        super().__init__(version.message.pk)
        self.version = version


class Empty(Exception):
    """There is no text to work on."""


@transaction.atomic
def create_document(
    *,
    team: Team,
    author: User,
    topic: str,
    brief: dict,
    options: dict | None = None,
    client_id: UUID | None = None,
) -> Conversation:
    """A document whose first version is being written. `brief`: kind, language, words and tone, as prompts.write takes
    them. Asked for twice with one `client_id`, it is made once."""
    if client_id and (known := Message.objects.filter(client_id=client_id, author=author, parent=None).first()):
        return known.conversation
    conversation = chat.create_conversation(team=team, author=author, task=Task.WRITE, options=options)
    details = {"action": Action.WRITE, **brief}
    _ask(chat.locked(conversation), author, topic, details, Place(), client_id)
    return conversation


@transaction.atomic
def change(
    *,
    conversation: Conversation,
    author: User,
    base: int,
    action: str,
    instruction: str = "",
    tone: str = "",
    selection: Selection | None = None,
    text: str | None = None,
) -> None:
    """Asks for the next version: of the selection, or of the whole. `base` is the version that the person looked at,
    `text` what they had made of it by hand, which becomes a version first. Raises Busy, Changed, Empty; ValueError
    where nothing is selected."""
    conversation = chat.locked(conversation)
    version = _based_on(conversation, base)
    if text is not None and text != version.text:
        version = Version(_store_edit(conversation, author, text))
    if not version.text.strip():
        raise Empty
    if action == Action.CONTINUE:
        _go_on(conversation, author, version)
        return
    place = selection.place(version.text) if selection else Selection.everything(version.text)
    details = {"action": action, "instruction": instruction, "tone": tone, "part": selection is not None}
    said = instruction or str(Action(action).request)
    _ask(conversation, author, said, {k: v for k, v in details.items() if v}, place)


def _go_on(conversation: Conversation, author: User, version: Version) -> None:
    """A reply that was cut off at the text's end goes on itself; otherwise the model is asked how the text does."""
    if version.cut_off and not version.place.after and has_room(conversation, version.message):
        try:
            actions.continue_reply(reply=version.message)
            return
        except actions.Whole:
            pass  # nothing of it was written
    _ask(conversation, author, str(Action.CONTINUE.request), {"action": Action.CONTINUE}, Place(before=version.text))


@transaction.atomic
def save_edit(*, conversation: Conversation, author: User, base: int, text: str) -> None:
    """A version made by hand. Raises Busy and Changed; nothing is stored where nothing is different."""
    conversation = chat.locked(conversation)
    if text != _based_on(conversation, base).text:
        _store_edit(conversation, author, text)


@transaction.atomic
def go_to(*, version: Message) -> None:
    """Shows that version to everybody; what was made after it stays among the versions. Raises Busy."""
    conversation = chat.locked(version.conversation)
    if chat.active_message(conversation):
        raise Busy
    conversation.leaf = version
    chat.changed(conversation)


def _based_on(conversation: Conversation, base: int) -> Version:
    """The version that is shown, which must be that one. The caller holds the conversation's lock."""
    version = current_version(conversation)
    if chat.active_message(conversation):
        raise Busy
    if version.message.pk != base:
        raise Changed(version)
    return version


def _ask(
    conversation: Conversation, author: User, said: str, details: dict, place: Place, client_id: UUID | None = None
) -> None:
    request = _store(conversation, author, said, details, client_id)
    Change.objects.create(message=request, before=place.before, selected=place.selected, after=place.after)
    if not conversation.title:
        chat.name(conversation, titles.from_text(said))
    chat.start_reply(conversation, request)
    chat.changed(conversation)


def _store_edit(conversation: Conversation, author: User, text: str) -> Message:
    edit = _store(conversation, author, text, {"action": Action.EDIT})
    chat.changed(conversation)
    return edit


def _store(
    conversation: Conversation, author: User, content: str, details: dict, client_id: UUID | None = None
) -> Message:
    message = Message.objects.create(
        conversation=conversation,
        parent_id=conversation.leaf_id,
        role=Role.USER,
        author=author,
        content=content,
        details=details,
        client_id=client_id,
        words=words.stored(content),
    )
    conversation.leaf = message
    return message
