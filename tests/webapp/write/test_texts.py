"""Where a reply goes in a text, and what a page has to change."""

import itertools
import random

import pytest

from webapp.write import texts
from webapp.write.texts import Piece, Place, Splice, splice


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        ("One two, three.", 3),
        ("It's a well-known 3.5 percent — really?", 6),
        ("你好，世界", 4),
        ("Der Käse kostet 3,50 €", 5),
        ("東京へ行く now", 6),
    ],
)
def test_a_word_is_what_word_processors_count(text: str, words: int) -> None:
    assert texts.count_words(text) == words


@pytest.mark.parametrize(
    ("before", "reply", "whole"),
    [
        ("A sentence.", "Another.", "A sentence.\n\nAnother."),
        ("A sentence.\n", "Another.", "A sentence.\n\nAnother."),
        ("A sentence.\n\n", "\n\nAnother.\n", "A sentence.\n\nAnother."),
        ("It breaks off in", " the middle", "It breaks off in the middle"),
        ("It breaks off in ", "the middle", "It breaks off in the middle"),
        ("没有写完的", "句子。", "没有写完的句子。"),
        ("写完了。", "再来。", "写完了。\n\n再来。"),
        ("# A heading", "Text", "# A heading\n\nText"),
        ("```py\nx = 1", "y = 2\n```", "```py\nx = 1\ny = 2\n```"),
        ("```py\nx = 1\n", "```py\ny = 2\n```", "```py\nx = 1\ny = 2\n```"),
    ],
)
def test_a_continuation_joins_the_text_as_its_end_wants_it(before: str, reply: str, whole: str) -> None:
    assert Place(before=before).put(reply) == whole


def test_nothing_but_the_selection_changes() -> None:
    place = Place("  One \n\n*two* ", "three", " four\n\n\nfive ")
    assert place.put("\n THREE \n") == "  One \n\n*two* THREE four\n\n\nfive "


def test_an_empty_reply_changes_nothing() -> None:
    assert Place("One ", "two", " three").put(" \n") == "One two three"


def test_code_in_code_loses_the_fences_that_a_model_puts_around_it() -> None:
    place = Place("```py\nx = 1\n", "y = 2", "\n```")
    assert place.put("```py\ny = 3\n```") == "```py\nx = 1\ny = 3\n```"


@pytest.mark.parametrize(
    "place",
    [
        Place(),
        Place("", "all\n\nof it", ""),
        Place("One.\n\nTwo ", "three", " four.\n\nFive"),
        Place("One.\n\n", "Two.\n\nThree.", "\n\nFour."),
        Place("One.\n\nIt goes on"),
        Place("One.\n\nIt ends."),
        Place("- a\n- ", "b", "\n- c\n\nEnd"),
    ],
)
def test_while_it_is_written_every_part_of_the_text_is_shown_once(place: Place) -> None:
    scene = texts.scene(place)
    above, below = ("".join(piece.source for piece in pieces) for pieces in (scene.above, scene.below))
    shown = above + scene.head + scene.rest + below
    assert shown.replace("\n", "") == (place.before + place.after).replace("\n", "")
    assert texts.blocks(scene.head + place.put_alone("new") + scene.rest) == [
        block for block in texts.blocks(place.put("new")) if block not in scene.above and block not in scene.below
    ]


def test_what_a_stream_shows_only_grows_at_its_end() -> None:
    place, reply = Place("One two"), "  three\n\nfour"
    begun = [place.begin(reply[:size]) for size in range(len(reply) + 1)]
    assert all(later.startswith(earlier) for earlier, later in itertools.pairwise(begun))
    assert begun[-1] == " three\n\nfour"


def test_a_splice_makes_what_is_shown_what_is_wanted() -> None:
    chance = random.Random(7)
    for _ in range(500):
        shown, wanted = ([Piece("block", chance.choice("abc")) for _ in range(chance.randrange(6))] for _ in range(2))
        change = splice(shown, wanted)
        if change is None:
            assert shown == wanted
        else:
            shown[change.start : change.start + change.remove] = change.pieces
            assert shown == wanted


def test_a_splice_sends_the_blocks_that_are_different_and_no_other() -> None:
    shown, wanted = texts.blocks("One\n\nTwo\n\nThree"), texts.blocks("One\n\nTwo a\n\nTwo b\n\nThree")
    assert splice(shown, wanted) == Splice(1, 1, texts.blocks("Two a\n\nTwo b"))
