"""What a person sees of a conversation was so at one moment, whatever happens while it is loaded."""

from typing import Any

import pytest

from tests.webapp.chat import talk
from webapp.accounts.models import User
from webapp.chat import pages, services, thread
from webapp.chat.models import Conversation, Message


def test_a_conversation_that_changes_while_it_is_loaded_is_loaded_again(
    alice: User, conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    load, times = thread.shown, []

    def load_while_somebody_renames(conversation: Conversation, *more: Any) -> list[Message]:
        times.append(conversation.revision)
        if len(times) == 1:
            services.rename(conversation=conversation, title="Another name")
        return load(conversation, *more)

    talk.ask(conversation, "Hello")
    monkeypatch.setattr(thread, "shown", load_while_somebody_renames)
    view = pages.view_for(alice, conversation.pk)
    conversation.refresh_from_db()
    assert (view.conversation.title, view.conversation.revision) == ("Another name", conversation.revision)
    assert times == [conversation.revision - 1, conversation.revision]
