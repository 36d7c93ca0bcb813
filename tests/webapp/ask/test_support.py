"""The sentences on which an answer stands are found by its words, in any script."""

import pytest

from webapp.ask import excerpt
from webapp.ask.sentences import split
from webapp.ask.support import Index, says_no

ENGLISH = """The Amber Lighthouse stands on the island of Norra. It was built in 1871 by the engineer Helga Brandt.

Its lamp burned whale oil until 1902. In 1954 a storm broke the windows; Dr. Olsen kept the light burning for three \
nights. The tower is 38.5 metres high."""
CHINESE = "黄鳍雀鲷俗名菲律宾雀鲷。本鱼分布于印度西太平洋区！水深2至15公尺。体长可达12公分。"


def said(index: Index, question: str, answer: str) -> list[str]:
    found = index.support(question, answer).sentences
    return [index.text[index.sentences[n].start : index.sentences[n].end] for n in found]


def test_a_text_is_cut_into_sentences_and_not_at_names_or_numbers() -> None:
    found = [ENGLISH[s.start : s.end] for s in split(ENGLISH)]
    assert len(found) == 5
    assert found[3].startswith("In 1954")
    assert found[4] == "The tower is 38.5 metres high."
    assert len(split(CHINESE)) == 4


def test_a_text_without_full_stops_is_cut_too_and_nothing_is_lost() -> None:
    text = "word " * 400
    found = split(text)
    assert all(s.end - s.start <= 600 for s in found)
    assert "".join(text[s.start : s.end] for s in found).count("word") == 400


@pytest.mark.parametrize(
    ("question", "answer", "begins"),
    [
        ("Who built it?", "Helga Brandt", "It was built"),
        ("Who built it?", "According to the text it was the engineer Brandt.", "It was built"),
        ("How high is the tower?", "38.5 metres", "The tower"),
        ("Who kept the light on?", "Olsen did, for three nights.", "In 1954"),
    ],
)
def test_the_sentence_of_an_answer_is_found(question: str, answer: str, begins: str) -> None:
    found = said(Index(ENGLISH), question, answer)
    assert len(found) == 1
    assert found[0].startswith(begins)


def test_the_sentence_of_a_chinese_answer_is_found() -> None:
    assert said(Index(CHINESE), "这种鱼有多长？", "可以长到12公分。") == ["体长可达12公分。"]


def test_each_sentence_of_a_long_answer_has_its_own() -> None:
    answer = "The engineer Helga Brandt built it in 1871. The lamp burned whale oil."
    assert [sentence[:6] for sentence in said(Index(ENGLISH), "Tell me", answer)] == ["It was", "Its la"]


def test_an_answer_that_the_text_does_not_give_points_nowhere() -> None:
    assert said(Index(ENGLISH), "Who painted it?", "Napoleon Bonaparte") == []
    assert said(Index(""), "Who?", "Nobody") == []


@pytest.mark.parametrize(
    "answer",
    [
        "That is not in this text.",
        "文中没有提到。",
        "The passage does not say who painted it.",
        "It isn't mentioned in the text.",
        "文章中并没有说明原因。",
    ],
)
def test_an_answer_that_is_none_is_known_as_such(answer: str) -> None:
    assert says_no(answer)
    assert Index(ENGLISH).support("Who painted it?", answer).absent


@pytest.mark.parametrize("answer", ["No.", "Not until 1902.", "没有，他是中国人。", "It does not burn oil any more."])
def test_an_answer_that_says_no_is_an_answer(answer: str) -> None:
    assert not says_no(answer)


def test_a_text_that_fits_is_read_whole_and_a_longer_one_where_it_is_closest() -> None:
    index = Index("\n".join([*(f"Paragraph {n} tells of something else entirely." for n in range(200)), ENGLISH]))
    assert excerpt.closest(index, "Who?", 100_000) == [(0, len(index.text))]
    spans = excerpt.closest(index, "How high is the lighthouse tower?", 120)
    part = excerpt.read(index.text, spans)
    assert "38.5 metres" in part
    assert excerpt.tokens(part) <= 140
    assert 0 < excerpt.share(index.text, spans) < 0.1
    assert spans == sorted(spans)
