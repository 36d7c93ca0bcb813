"""A growing reply: whatever its text, however it comes in pieces, the page ends with what a reload would show."""

import random
from collections.abc import Callable

import pytest

from tests.webapp.chat.page import Page
from webapp.chat.stream import Gap, ReplyStream
from webapp.lib import markdown

LINES = r"""
Plain words, and more of them.
Some **bold** and *slanted* `code`.
***Note*** that
**Note**: this
你好，世界。
😀 emoji
1. first
2. second
2
2.
10) ten
1.5 is no item
- item
* star
  - nested
   goes on
    indented
-
---
***
===
#
# Heading
#1 in the world
> quoted
>
```
```python
~~~
def f(x): return x
| a | b |
|---|---|
| 1 | 2 |
1 | 2
a | b
--|--
$x^2$
$$
$5-$10
\
<div>
<b>bold</b>
[a]: http://a.example
[a]
[link](http://a.example)
![picture](http://a.example/p.png)
"title"
- [ ] to do
- [x] done
&amp; &lt;
http://bare.example
~~gone~~
""".strip().split("\n")
LINES += ["a  ", "\t", "\u00a0", "\u3000", "\r"]
ENDS = ["\n", "\n", "\n", "\n\n", "\n\n", " ", "", "\n\n\n"]


def some_text(dice: random.Random) -> str:
    return "".join(dice.choice(LINES) + dice.choice(ENDS) for _ in range(dice.randint(1, 14)))


def pieces_of(text: str, dice: random.Random, longest: int) -> list[str]:
    pieces = []
    while text:
        size = dice.randint(1, longest)
        pieces.append(text[:size])
        text = text[size:]
    return pieces


def page_of(pieces: list[str]) -> Page:
    page, stream = Page(), ReplyStream()
    for piece in pieces:
        page.apply(stream.grow(len(stream.shown), piece))
    page.apply(stream.finish("".join(pieces)))
    return page


@pytest.mark.parametrize("longest", [1, 4, 30])
def test_the_page_ends_with_what_a_reload_would_show(longest: int) -> None:
    dice = random.Random(longest)
    for _ in range(300):
        pieces = pieces_of(some_text(dice), dice, longest)
        assert page_of(pieces).blocks == markdown.render("".join(pieces)), pieces


def test_lost_repeated_and_late_pieces_make_no_difference() -> None:
    dice = random.Random(7)
    for _ in range(300):
        text = some_text(dice)
        page, stream, told = Page(), ReplyStream(), 0
        for piece in pieces_of(text, dice, 12):
            told += len(piece)
            offset = max(0, told - len(piece) - dice.choice([0, 0, 0, 5, 500]))
            if dice.random() < 0.2:
                continue  # lost
            try:
                page.apply(stream.grow(offset, text[offset:told]))
            except Gap:
                page.apply(stream.catch_up(text[: max(0, told - dice.choice([0, 0, 3]))]))
            assert text.startswith(stream.shown)
        page.apply(stream.finish(text))
        assert page.blocks == markdown.render(text), text


def test_what_is_there_already_says_nothing() -> None:
    stream = ReplyStream()
    stream.grow(0, "Hello there")
    assert stream.grow(0, "Hello") == []
    assert stream.grow(6, "there") == []
    assert stream.shown == "Hello there"


def test_a_piece_that_overlaps_adds_what_is_new_of_it() -> None:
    stream = ReplyStream()
    stream.grow(0, "Hello th")
    assert stream.grow(6, "there") == [{"op": "text", "block": 0, "text": "ere"}]


def test_a_missing_piece_is_noticed() -> None:
    stream = ReplyStream()
    stream.grow(0, "Hello")
    with pytest.raises(Gap):
        stream.grow(6, "there")
    assert stream.shown == "Hello"


def test_a_live_text_that_lags_behind_takes_nothing_away() -> None:
    stream = ReplyStream()
    stream.grow(0, "Hello there")
    assert stream.catch_up("Hello") == []
    assert stream.shown == "Hello there"


def test_a_reply_that_was_begun_anew_replaces_what_is_shown() -> None:
    page, stream = Page(), ReplyStream()
    page.apply(stream.grow(0, "One answer.\n\nIn two parts."))
    page.apply(stream.catch_up("Another"))
    assert page.blocks == markdown.render("Another")
    page.apply(stream.finish("A third one."))
    assert page.blocks == markdown.render("A third one.")


def test_who_comes_in_the_middle_gets_the_whole_beginning() -> None:
    text = "# Title\n\nA paragraph.\n\n- item"
    page = Page()
    page.blocks = ["what an earlier look left"]
    page.apply(ReplyStream().start(text))
    assert page.blocks == markdown.render(text)


def test_a_word_is_sent_as_it_is_and_a_finished_block_never_again() -> None:
    stream = ReplyStream()
    stream.grow(0, "First paragraph.\n\nSecond")
    assert stream.grow(24, " one") == [{"op": "text", "block": 1, "text": " one"}]
    for piece in (" with **bold** words", " and more.\n", "\nThird"):
        assert 0 not in [op.get("block") for op in stream.grow(len(stream.shown), piece)]


def test_white_space_that_a_rendering_drops_is_there_when_a_word_follows() -> None:
    page, stream = Page(), ReplyStream()
    for piece in ("A **bold** ", "word"):
        page.apply(stream.grow(len(stream.shown), piece))
    assert page.blocks == ["<p>A <strong>bold</strong></p>\n word"]


def test_what_only_its_end_makes_clear_is_put_right_at_the_end() -> None:
    text = 'Text.\n\n[a]: /url\n"a title\nof two lines"\n\nEnd.'  # the title is no paragraph once it is closed
    assert page_of(list(text)).blocks == markdown.render(text)
    assert len(markdown.render(text)) == 2


def test_what_follows_a_long_block_of_code_is_not_taken_for_code() -> None:
    code = "```python\n" + "x = f(x)\n" * 500 + "```\n"
    page, stream = Page(), ReplyStream()
    for piece in [*pieces_of(code, random.Random(1), 8), "\n", "That", " was", " it"]:
        page.apply(stream.grow(len(stream.shown), piece))
    assert [block[:12] for block in page.blocks] == ['<div class="', "<p>That</p>\n"]


def test_a_numbered_list_with_blank_lines_is_one_list_while_it_grows() -> None:
    page, stream = Page(), ReplyStream()
    for piece in "1. one\n\n2. two\n\n3. three":
        page.apply(stream.grow(len(stream.shown), piece))
    assert len(page.blocks) == 1


def paragraph(size: int) -> str:
    return ("The quick **brown** fox jumps over the `lazy` dog, again. " * size)[:size]


def bullets(size: int) -> str:
    return "\n".join(f"- item {number} with *some* words in it" for number in range(size))[:size]


def numbers(size: int) -> str:
    return "\n\n".join(f"{number}. item {number} with *some* words in it" for number in range(1, size))[:size]


def code(size: int) -> str:
    return ("```python\n" + "\n".join(f"def f{number}(x): return x + {number}" for number in range(size)))[:size]


def table(size: int) -> str:
    return ("| a | b |\n|---|---|\n" + "\n".join(f"| {number} | *some* words |" for number in range(size)))[:size]


@pytest.mark.parametrize("make", [paragraph, bullets, numbers, code, table])
def test_what_a_viewer_hears_grows_with_the_reply_and_not_with_its_square(make: Callable[[int], str]) -> None:
    heard = {}
    for size in (5_000, 20_000):
        text = make(size)
        assert len(text) == size
        pieces = pieces_of(text, random.Random(1), 16)
        heard[size] = page_of(pieces).heard
        page = sum(map(len, markdown.render(text)))
        assert heard[size] < 8 * page + 60 * len(pieces)
    assert heard[20_000] < 5 * heard[5_000]
