"""Search over the titles and messages of what a person sees of one task. Words are stored where the text is: a message
with its row, a reply when it ends (0.1 ms for 1,000 characters, which a queue would cost too)."""

import re
from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import Max
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

from webapp.accounts.models import Team, User
from webapp.chat import access
from webapp.chat.models import Conversation, Message, Task
from webapp.generation.models import ACTIVE
from webapp.lib import words

MOST = 30  # conversations found
BEFORE, SNIPPET = 40, 160  # characters of a snippet: ahead of the first word found, and in all
BLOCK_MARKS = re.compile(r"^\s*(?:#{1,6}|[-*+>])\s|^\|[-:|\s]+\|$|^\||\|$|\s\|\s", re.MULTILINE)
INLINE_MARKS = re.compile(r"\*\*|`+")
BATCH = 200  # texts whose words are stored at once, where they were missing


@dataclass(frozen=True, slots=True)
class Hit:
    """A conversation in which something was found; `message_id` is None where only its title was. `words`: what of the
    message was found first, as it stands there."""

    conversation: Conversation
    title: SafeString
    snippet: SafeString
    message_id: int | None
    words: str = ""

    @property
    def address(self) -> str:
        """With what each room needs to show it: the message, and for those that show no messages the words."""
        place = self.conversation.get_absolute_url()
        if not self.message_id:
            return place
        return f"{place}?{urlencode({'at': self.message_id, 'q': self.words})}#m{self.message_id}"


def find(user: User, team: Team, text: str, *, task: Task = Task.CHAT) -> list[Hit]:
    """The conversations found by title, then those with a message found, the newest such message first."""
    asked = words.asked(text)
    if not asked:
        return []
    query, marks = words.query(asked), words.marks(asked)
    seen = access.conversations_for(user, team, task=task).exclude(leaf=None)
    titled = {conversation.pk: conversation for conversation in seen.filter(words=query)[:MOST]}
    messages = Message.objects.filter(words=query, conversation__in=seen.order_by().values("pk"))
    newest = messages.values("conversation").annotate(newest=Max("pk")).order_by("-newest")[:MOST]
    said = dict(newest.values_list("conversation", "newest"))
    others = seen.filter(pk__in=said.keys() - titled.keys()).in_bulk()
    conversations = titled | {pk: others[pk] for pk in said if pk in others}
    texts = Message.objects.select_related("generation").in_bulk(said.values())
    return [_hit(found, texts.get(said.get(pk)), marks) for pk, found in list(conversations.items())[:MOST]]


def _hit(conversation: Conversation, message: Message | None, marks: re.Pattern[str]) -> Hit:
    title = marked(str(conversation), marks)
    if message is None:
        return Hit(conversation, title, SafeString(""), None)
    found = marks.search(message.text)
    return Hit(conversation, title, marked(around(message.text, marks), marks), message.pk, found[0] if found else "")


def around(text: str, marks: re.Pattern[str]) -> str:
    """The part of a text where the first word was found, in one line, without the commonest marks of Markdown."""
    line = " ".join(INLINE_MARKS.sub("", BLOCK_MARKS.sub(" ", text)).split())
    found = marks.search(line)
    if found is None:  # it was found in its normalized form
        line = words.normalized(line)
        found = marks.search(line)
    at = found.start() if found else 0
    start = max(0, at - BEFORE)
    if start and (blank := line.find(" ", start, at)) > 0:  # at the beginning of a word
        start = blank + 1
    end = start + SNIPPET
    return ("…" if start else "") + line[start:end].strip() + ("…" if end < len(line) else "")


def marked(text: str, marks: re.Pattern[str]) -> SafeString:
    """HTML with what was found in <mark>."""
    pieces, reached = [], 0
    for found in marks.finditer(text):
        pieces += [conditional_escape(text[reached : found.start()]), f"<mark>{conditional_escape(found[0])}</mark>"]
        reached = found.end()
    return mark_safe("".join([*pieces, conditional_escape(text[reached:])]))  # noqa: S308  (every piece is escaped)


def store_missing() -> int:
    """Stores the words of texts that came without, as those of an older install; returns how many."""
    titles = Conversation.objects.filter(words=None).exclude(title="")[:BATCH]
    messages = Message.objects.filter(words=None).exclude(generation__status__in=ACTIVE).select_related("generation")
    count = 0
    for conversation in titles:
        count += Conversation.objects.filter(pk=conversation.pk).update(words=words.stored(conversation.title))
    for message in messages[:BATCH]:
        count += Message.objects.filter(pk=message.pk).update(words=words.stored(message.text))
    return count
