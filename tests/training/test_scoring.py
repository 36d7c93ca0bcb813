"""Measures agree with what they are defined to be."""

import pytest

from training import scoring
from training.card import MARKS, with_table


def test_a_perfect_translation_has_full_marks_and_any_reference_will_do() -> None:
    found = scoring.translation(["The cat sat here.", "Hi."], [["A cat.", "The cat sat here."], ["Hi."]], target="en")

    assert (found["chrf"], found["sentences"]) == (100.0, 2)


def test_chinese_is_measured_by_characters() -> None:
    right = scoring.translation(["我今天很高兴见到你。"], [["我今天很高兴见到你。"]], target="zh")
    close = scoring.translation(["我今天很高兴见到他。"], [["我今天很高兴见到你。"]], target="zh")

    assert right["bleu"] == right["chrf"] == 100.0
    assert 0 < close["bleu"] < 100


@pytest.mark.parametrize(
    ("reply", "wanted", "language", "f1", "em"),
    [
        ("The Eiffel Tower.", ["Eiffel tower"], "en", 100.0, 100.0),
        ("in the old town", ["old town"], "en", 80.0, 0.0),
        ("北京市", ["北京"], "zh", 80.0, 0.0),
        ("《雪狼湖》", ["雪狼湖"], "zh", 100.0, 100.0),
        ("", ["Paris"], "en", 0.0, 0.0),
        ("Paris", ["Rome", "Paris"], "en", 100.0, 100.0),
    ],
)
def test_an_answer_counts_by_its_words(reply: str, wanted: list[str], language: str, f1: float, em: float) -> None:
    found = scoring.answers([reply], [wanted], language=language)

    assert (found["f1"], found["em"]) == (f1, em)


def test_macro_f1_weighs_labels_alike() -> None:
    found = scoring.classification(["a", "a", "a", "a"], ["a", "a", "a", "b"])

    assert found["accuracy"] == 75.0
    assert found["macro_f1"] == pytest.approx((200 * 3 / 7 + 0) / 2, abs=0.1)


@pytest.mark.parametrize("reply", ["ha ha ha ha ha ha", "好的好的好的好的好的", "no. no. no. no. no. "])
def test_a_reply_that_goes_round_in_circles_is_endless(reply: str) -> None:
    assert scoring.is_endless(reply)


@pytest.mark.parametrize(
    "reply", ["Hello! How can I help you?", "1, 2, 3, 4, 5, 6, 7, 8, 9, 10.", "你好，很高兴认识你。"]
)
def test_a_reply_that_goes_on_is_not(reply: str) -> None:
    assert not scoring.is_endless(reply)


def test_talk_is_judged_by_what_is_wrong_with_it() -> None:
    found = scoring.talk(["a b a b", "", "no no no no no no"], cut_off=1)

    assert (found["empty"], found["repetitive"], found["cut_off"]) == (33.3, 33.3, 33.3)
    assert found["distinct_1"] == pytest.approx(100 * 2 / 8, abs=0.1)  # b and no: an "a" is an article, and left out


def test_a_card_gets_its_table_once_and_the_next_one_in_its_place() -> None:
    first = with_table("# Card\n\nText.\n", "| one |")
    second = with_table(first.replace("Text.", "Other text."), "| two |")

    assert first.startswith("# Card\n\nText.\n\n## Evaluation\n\n<!--")
    assert "| two |" in second
    assert "| one |" not in second
    assert "Other text." in second
    assert all(second.count(mark) == 1 for mark in MARKS)
