import pytest

from tests.webapp.chat import talk
from webapp.accounts.models import User
from webapp.chat.models import Conversation


@pytest.fixture
def conversation(alice: User) -> Conversation:
    """Alice's own."""
    return talk.start(alice)


@pytest.fixture
def shared(alice: User) -> Conversation:
    """Alice's, which the team reads and writes in."""
    return talk.start(alice, shared=True)
