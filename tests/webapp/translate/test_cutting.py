import pytest

from webapp.translate.cutting import LONGEST_SEGMENT, cut, gap, key


def texts(text: str, language: str) -> list[str]:
    return [piece.text for piece in cut(text, language)]


@pytest.mark.parametrize(
    ("language", "text", "sentences"),
    [
        ("en", "Dr. Li paid $3.50 at 5 p.m. today. Really?", ["Dr. Li paid $3.50 at 5 p.m. today.", "Really?"]),
        ("de", "Am 3. Oktober kam er z.B. zu spät. Ja?", ["Am 3. Oktober kam er z.B. zu spät.", "Ja?"]),
        ("fr", "Ça va ? Oui, M. Dupont est là !", ["Ça va ?", "Oui, M. Dupont est là !"]),
        ("es", "¿Qué tal? ¡Hola!", ["¿Qué tal?", "¡Hola!"]),
        ("zh-Hans", "“真的吗？”他问。3.14是数。好的，再见", ["“真的吗？”", "他问。", "3.14是数。", "好的，再见"]),
        ("ja", "こんにちは。「元気？」と彼は言った。はい", ["こんにちは。", "「元気？」", "と彼は言った。", "はい"]),
        ("", "Unknown. But cut.", ["Unknown.", "But cut."]),
        ("zh-Hans", "等等……什么？！", ["等等……", "什么？！"]),
    ],
)  # fmt: skip
def test_a_text_is_cut_into_its_sentences(language: str, text: str, sentences: list[str]) -> None:
    assert texts(text, language) == sentences


def test_line_breaks_blank_lines_bullets_and_numbers_are_no_segments() -> None:
    text = "Title\r\n\r\n  - One thing.\n  2) Another\n\n* 第三\n1. 42\n\t①\n"
    assert texts(text, "en") == ["Title", "One thing.", "Another", "第三"]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("a) first", "first"),
        ("A man came.", "A man came."),
        ("2024 was good", "2024 was good"),
        ("1、苹果", "苹果"),
        ("（一）总则", "总则"),
        ("> quoted", "quoted"),
        ("## Heading", "Heading"),
        ("- ", None),
        ("-5 degrees", "-5 degrees"),
    ],
)
def test_a_marker_is_not_taken_for_words_nor_words_for_a_marker(line: str, text: str | None) -> None:
    assert texts(line, "en") == ([text] if text else [])


@pytest.mark.parametrize(
    "text", ["", " \n", "12.5", "—", "https://example.com/a.b?c=d", "alice@example.com", "😀 2+2=4"]
)
def test_what_has_no_words_is_not_translated(text: str) -> None:
    assert cut(text, "en") == []


@pytest.mark.parametrize("language", ["en", "zh-Hans"])
def test_every_segment_stands_where_it_says_and_between_them_are_no_words(language: str) -> None:
    text = "  One. Two!\n\n- Three 3\n你好。再见。 www.example.com \n" * 5
    pieces, end, between = cut(text, language), 0, ""
    for piece in pieces:
        assert text[piece.start : piece.end] == piece.text
        assert piece.start >= end
        between += text[end : piece.start]
        end = piece.end
    assert {*between} <= {*" \n-", *"www.example.com"}


@pytest.mark.parametrize("sentence", ["word " * 400, "字" * 900, "x" * 1200, "一句很长的话，" * 200])
def test_a_sentence_that_is_too_long_for_one_request_is_cut_and_loses_nothing(sentence: str) -> None:
    pieces = cut(sentence, "en")
    assert len(pieces) > 1
    assert max(len(piece.text) for piece in pieces) <= LONGEST_SEGMENT
    assert "".join(piece.text for piece in pieces).replace(" ", "") == sentence.replace(" ", "")


def test_between_sentences_stands_what_the_target_language_has_there() -> None:
    assert (gap("", "en"), gap(" ", "zh-Hans"), gap("", "ja"), gap("  ", "fr")) == (" ", "", "", " ")
    assert gap("\n\n  - ", "zh-Hans") == "\n\n  - "


def test_the_same_work_has_the_same_key_and_other_work_another() -> None:
    work = {"source": "en", "target": "de", "model": "colloquy"}
    assert key("Hi.", **work) == key("Hi.", **work)
    assert (
        len(
            {
                key("Hi.", **work),
                key("Hi!", **work),
                key("Hi.", **work | {"target": "fr"}),
                key("Hi.", **work | {"model": "x"}),
            }
        )
        == 4
    )
