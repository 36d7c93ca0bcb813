"""A conversation as a file. Markdown holds the path that is shown, for people; JSON holds everything, for programs.

The JSON, format "colloquy", version 1 (times are ISO 8601 in UTC; what is unknown is null), which importing.py reads:

    {"format": "colloquy", "version": 1, "exported_at": time, "conversations": [{
        "id": uuid, "task": "chat" | "write" | "translate" | "ask" | "analyze", "title": text, "title_is_ours": bool,
        "options": {name: value}, "shared": bool, "author": name, "created_at": time, "updated_at": time,
        "leaf": id of the last message of the path that is shown,
        "messages": [{                           parents before their children
            "id": number, "parent": number | null, "role": "user" | "assistant", "text": Markdown, "created_at": time,
            "author": name | null, "mine": bool,  of a person's; mine: whoever exported wrote it
            "details": {name: value},             what the room asked beside the text
            "generation": null | {                of a model's
                "model": name, "version": text, "server": text, "status": "done" | "stopped" | "failed" | …,
                "finish_reason": text, "failure": text, "params": {name: value}, "turns_left_out": number,
                "prompt_tokens": number, "completion_tokens": number, "first_token_ms": number, "writing_ms": number,
                "finished_at": time},
            "feedback": [{"author": name, "mine": bool, "thumb": -1 | 0 | 1, "correction": Markdown}]
        }],
        "room": what the room keeps beside the messages, or null: webapp/write, translate, ask and analyze/belongings.py
    }]}
"""

import re
from collections.abc import Iterable
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from webapp.accounts.models import User
from webapp.chat import thread
from webapp.chat.models import Conversation, Feedback, Message, Role
from webapp.chat.tasks import room_of
from webapp.generation.models import Generation

FORMAT, VERSION = "colloquy", 1
FIGURES = (
    "model", "version", "server", "status", "finish_reason", "failure", "params", "turns_left_out", "prompt_tokens",
    "completion_tokens", "first_token_ms", "writing_ms", "finished_at",
)  # fmt: skip
LONGEST_PATH = 100_000
UNSAFE = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]+')


def file_name(conversation: Conversation, ending: str) -> str:
    """A name that every file system takes."""
    words = UNSAFE.sub(" ", str(conversation)).split()
    return f"{' '.join(words)[:80].strip(' .') or conversation.task}.{ending}"


def as_json(conversations: Iterable[Conversation], viewer: User) -> dict[str, Any]:
    """Ready for JSON. `viewer` is who exports: what they wrote is marked as theirs."""
    found = [_conversation(conversation, viewer) for conversation in conversations]
    return {"format": FORMAT, "version": VERSION, "exported_at": timezone.now(), "conversations": found}


def _conversation(conversation: Conversation, viewer: User) -> dict[str, Any]:
    messages = conversation.messages.select_related("generation", "author").order_by("pk")
    messages = messages.prefetch_related("feedback__author").defer("words", "generation__prompt")
    names = ("task", "title", "title_is_ours", "options", "shared", "created_at", "updated_at")
    return {
        "id": str(conversation.pk),
        **{name: getattr(conversation, name) for name in names},
        "author": str(conversation.author),
        "leaf": conversation.leaf_id,
        "messages": [_message(message, viewer) for message in messages],
        "room": belongings.export(conversation) if (belongings := room_of(conversation.task).belongings) else None,
    }


def _message(message: Message, viewer: User) -> dict[str, Any]:
    return {
        "id": message.pk,
        "parent": message.parent_id,
        "role": message.role,
        "text": message.text,
        "created_at": message.created_at,
        "author": str(message.author) if message.author else None,
        "mine": message.author_id == viewer.pk,
        "details": message.details,
        "generation": message.generation and _generation(message.generation),
        "feedback": [_feedback(word, viewer) for word in message.feedback.all()],
    }


def _generation(generation: Generation) -> dict[str, Any]:
    return {name: getattr(generation, name) for name in FIGURES}


def _feedback(word: Feedback, viewer: User) -> dict[str, Any]:
    mine = word.author_id == viewer.pk
    return {"author": str(word.author), "mine": mine, "thumb": word.thumb, "correction": word.correction}


def as_markdown(conversation: Conversation) -> str:
    """The path that is shown; what people wrote is quoted, so that its headings are not taken for the document's."""
    found = thread.messages_up_to(conversation.leaf_id, LONGEST_PATH)
    head = f"# {conversation}\n\n{conversation.created_at:%Y-%m-%d %H:%M} UTC\n"
    body, belongings = "\n".join(map(_section, found)), room_of(conversation.task).belongings
    return f"{head}\n{belongings.markdown(conversation, body) if belongings else body}"


def quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def _section(message: Message) -> str:
    if message.role == Role.USER:
        return f"## {message.author or _('Somebody who left')}\n\n{quoted(message.text)}\n"
    model = message.generation.model_name if message.generation else _("Assistant")
    return f"## {model}\n\n{message.text.strip()}\n"
