"""Making conversations without an engine: people's messages, and replies that end as the test says."""

from webapp.accounts.models import User
from webapp.chat import services, thread
from webapp.chat.models import Conversation, Message
from webapp.generation import services as generation_services
from webapp.generation.models import Status


def start(author: User, *, shared: bool = False) -> Conversation:
    return services.create_conversation(team=author.memberships.get().team, author=author, shared=shared)


def ask(conversation: Conversation, text: str, author: User | None = None, **more) -> Message:
    return services.post_message(conversation=conversation, author=author or conversation.author, text=text, **more)


def end(conversation: Conversation, text: str, status: Status = Status.DONE) -> Message:
    """The reply that is being written ends with that text."""
    reply = services.active_message(conversation)
    assert reply is not None
    assert generation_services.end(reply.generation, where={"status": reply.status}, status=status, text=text)
    return Message.objects.get(pk=reply.pk)


def exchange(conversation: Conversation, question: str, answer: str) -> tuple[Message, Message]:
    return ask(conversation, question), end(conversation, answer)


def shown(conversation: Conversation) -> list[str]:
    """The texts on the path that is shown."""
    conversation.refresh_from_db()
    return [message.text for message in thread.shown(conversation)]
