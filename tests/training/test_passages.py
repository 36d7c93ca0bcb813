"""What the Ask page will be asked is what is trained."""

import random

import pytest

from inference import prompts
from inference.messages import Message, Role
from training.passages import Passage, conversations, cut, group

TEXT = "Alice lives in Rome. Bob lives in Oslo. Victor moved to Lima in 1984. Anna stayed in Kyiv."
ASKED = [("Where does Bob live?", ("Oslo",)), ("When did Victor move?", ("1984",)), ("Who is Eve?", ())]


def passage() -> Passage:
    return Passage(TEXT, list(ASKED))


def made(*, characters: int = 1000, variants: int = 40) -> list[tuple[Message, ...]]:
    other = Passage(
        "Tea is drunk hot. Coffee is drunk cold in the shop called Bean.", [("What is drunk hot?", ("Tea",))]
    )
    return list(conversations([passage(), other], characters=characters, variants=variants, rng=random.Random(1)))


def exchanges(conversation: tuple[Message, ...]) -> list[tuple[str, str]]:
    """(question, answer) without the passage."""
    asked = [message.content.split("Question: ")[-1] for message in conversation[::2]]
    return list(zip(asked, [message.content for message in conversation[1::2]], strict=True))


def test_rows_of_one_passage_are_one_passage() -> None:
    rows = [{"context": TEXT, "question": question, "answers": list(answers)} for question, answers in ASKED]

    assert group(rows) == [passage()]


def test_a_conversation_is_what_the_page_sends() -> None:
    for conversation in made():
        questions = [question for question, _ in exchanges(conversation)]
        text = conversation[0].content.split("Text:\n")[1].split("\n\nQuestion:")[0]
        earlier = [Message(Role.USER, questions[0]), *conversation[1:-2]] if len(conversation) > 2 else []
        assert list(conversation[:-1]) == prompts.ask(text, questions[-1], earlier=earlier)


def test_what_the_window_answers_is_answered_and_the_rest_refused() -> None:
    for conversation in made(characters=45):
        text = conversation[0].content.split("Text:\n")[1].split("\n\nQuestion:")[0]
        for question, answer in exchanges(conversation):
            known = dict(ASKED).get(question)
            if known and known[0] in text:
                assert answer == known[0]
            elif "____" in question:
                assert question.replace("____", answer, 1) in text
            elif question != "What is drunk hot?" or "Tea" not in text:
                assert answer == prompts.NOT_IN_TEXT["en"]


def test_both_kinds_of_question_occur() -> None:
    said = [pair for conversation in made(characters=45) for pair in exchanges(conversation)]

    assert {"Oslo", "1984", prompts.NOT_IN_TEXT["en"]} <= {answer for _, answer in said}
    assert any("____" in question for question, _ in said)


@pytest.mark.parametrize("characters", [20, 45, 70, 1000])
def test_a_passage_is_cut_between_sentences_around_an_answer(characters: int) -> None:
    for seed in range(20):
        text = cut(passage(), characters, random.Random(seed))
        assert text in TEXT
        assert text.endswith(".")
        assert len(text) <= max(characters, len("Victor moved to Lima in 1984."))
        assert "Oslo" in text or "1984" in text


def test_a_refusal_in_chinese_is_in_chinese() -> None:
    chinese = [
        Passage("张三住在北京。", [("张三住在哪里？", ("北京",))]),
        Passage("水是热的。", [("什么是热的？", ("水",))]),
    ]

    found = list(conversations(chinese, characters=100, variants=60, rng=random.Random(0)))

    refusals = {message.content for conversation in found for message in conversation[1::2]} - {"北京", "水", "张三"}
    assert prompts.NOT_IN_TEXT["zh"] in refusals
    assert prompts.NOT_IN_TEXT["en"] not in refusals


def test_fewer_questions_without_an_answer_are_asked_where_that_is_wanted() -> None:
    def refusals(unanswered: float) -> int:
        rng = random.Random(1)
        found = conversations([passage()], characters=45, variants=200, rng=rng, unanswered=unanswered)
        return sum(answer == prompts.NOT_IN_TEXT["en"] for made in found for _, answer in exchanges(made))

    every, some, none = refusals(1.0), refusals(0.2), refusals(0.0)

    assert every > 3 * some > 0
    assert none == 0


def test_a_passage_of_which_nothing_may_be_asked_is_left_out() -> None:
    silent = Passage("no names, no numbers here.", [("Who is Eve?", ())])

    assert not list(conversations([silent], characters=45, variants=3, rng=random.Random(1), unanswered=0.0))
