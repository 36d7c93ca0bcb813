"""What is on trial takes its share of conversations, and always the same ones."""

from webapp.generation.choices import Choice, Trial

NEW = Choice("support@2")


def drawn(percent: int, conversation: int) -> str:
    return Choice("support@1", trial=Trial(NEW, percent)).drawn(conversation).model


def test_a_conversation_keeps_the_version_that_it_drew() -> None:
    assert all(len({drawn(30, n) for _ in range(3)}) == 1 for n in range(50))


def test_the_share_is_kept_and_grows_without_moving_anybody_back() -> None:
    taken = {percent: {n for n in range(2000) if drawn(percent, n) == "support@2"} for percent in (0, 10, 50, 100)}
    assert len(taken[0]) == 0
    assert 140 < len(taken[10]) < 260
    assert 900 < len(taken[50]) < 1100
    assert taken[10] < taken[50]
    assert len(taken[100]) == 2000


def test_without_a_trial_it_is_itself() -> None:
    assert Choice("support@1").drawn("any").model == "support@1"
