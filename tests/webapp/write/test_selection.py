"""What somebody selects on the page is found in the source."""

import pytest

from webapp.lib import markdown
from webapp.write.selection import Point, span_of, tidy

TEXT = (
    "# Head *it*\n\n"
    'A **bold & _x_** [link](http://a.b "t") `co  de` &amp; \\* end 中文。\n\n'
    "- one\n- two\n  para\n\n"
    "```py\nx = 1\ny = 2\n```\n\n"
    "> q1\n> q2\n\n"
    "Sum: $x^2$ is it."
)


def selected(start: Point, end: Point, text: str = TEXT) -> str:
    begin, finish = span_of(text, start, end)
    return text[begin:finish]


@pytest.mark.parametrize(
    ("start", "end", "source"),
    [
        ((0, 0), (0, 4), "Head"),
        ((1, 1), (1, 5), "bold"),
        ((1, 7), (1, 11), "link"),
        ((1, 11), (1, 15), "co  de"),
        ((1, 15), (1, 16), "&amp;"),
        ((1, 16), (1, 17), "*"),
        ((1, 20), (1, 22), "中文"),
        ((2, 3), (2, 6), "two"),
        ((3, 0), (3, 3), "x = 1"),
        ((5, 0), (5, 4), "Sum:"),
        ((5, 4), (5, 6), "is"),
    ],
)
def test_words_within_a_block(start: Point, end: Point, source: str) -> None:
    assert selected(start, end) == source


@pytest.mark.parametrize(
    ("start", "end", "source"),
    [
        ((0, 2), (0, 6), "ad *it*"),
        ((1, 0), (1, 3), "A **bold & _x_**"),
        ((1, 3), (1, 9), '**bold & _x_** [link](http://a.b "t")'),
        ((1, 13), (1, 16), "`co  de` &amp;"),
    ],
)
def test_marks_that_only_half_lie_in_it_are_taken_whole(start: Point, end: Point, source: str) -> None:
    assert selected(start, end) == source


@pytest.mark.parametrize(
    ("start", "end", "source"),
    [
        ((2, 0), (2, 6), "- one\n- two"),
        ((4, 0), (4, 4), "> q1\n> q2"),
        ((0, 0), (5, 99), TEXT),
        ((4, 2), (5, 4), "> q2\n\nSum:"),
    ],
)
def test_of_several_lines_those_that_are_in_it_whole_come_with_their_marks(
    start: Point, end: Point, source: str
) -> None:
    assert selected(start, end) == source


@pytest.mark.parametrize(("start", "end"), [((0, 4), (0, 4)), ((0, 9), (0, 12)), ((1, 0), (0, 3)), ((7, 0), (7, 3))])
def test_nothing_selected_is_said(start: Point, end: Point) -> None:
    with pytest.raises(ValueError, match=r"selected|block"):
        span_of(TEXT, start, end)


@pytest.mark.parametrize(
    ("text", "span", "source"), [("one  two ", (3, 9), "two"), ("one", (0, 3), "one"), (" a b ", (0, 5), "a b")]
)
def test_white_space_around_a_selection_stays_where_it_is(text: str, span: tuple[int, int], source: str) -> None:
    start, end = tidy(text, span)
    assert text[start:end] == source


@pytest.mark.parametrize("span", [(2, 2), (3, 4), (4, 9), (5, 3)])
def test_a_selection_of_white_space_or_beyond_the_text_is_of_nothing(span: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="selected"):
        tidy("one two"[:3] + " ", span)


def test_every_character_that_a_page_shows_can_be_selected_alone() -> None:
    for number, block in enumerate(markdown.blocks(TEXT)):
        plain = "".join(block.source.split())
        for offset in range(len(plain)):
            try:
                begin, finish = span_of(TEXT, (number, offset), (number, offset + 1))
            except ValueError:
                break  # marks are characters of the source that no page shows
            assert block.start <= begin < finish <= block.start + len(block.source)
