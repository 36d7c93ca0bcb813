"""Titles made of text: of what a person wrote, or of what a model said when it was asked for one."""

import re

LONGEST = 60  # characters
SHORTEST_SENTENCE = 10  # Latin letters; "Hello." alone names nothing
LAST_NARROW = 0x2E7F
LATIN_WORDS = 10  # a model's answer with more is no title
FENCE = re.compile(r"^ {0,3}(```|~~~).*?(^ {0,3}\1|\Z)", re.MULTILINE | re.DOTALL)
LINE_MARK = re.compile(r"^[ \t]*(?:#{1,6}[ \t]+|>[ \t]?|[-*+][ \t]+|\d{1,3}[.)][ \t]+)+", re.MULTILINE)
LINK = re.compile(r"!?\[([^\]\n]*)\]\([^)\n]*\)")
EMPHASIS = re.compile(r"(\*\*|__|~~|`+|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w))")
SENTENCE = re.compile(r"[^.!?。！？…\n]*?(?:[!?。！？…]+|[.](?=\s|$))|[^\n]+", re.DOTALL)
THOUGHT = re.compile(r"<think>.*?(</think>|\Z)", re.DOTALL)
LABEL = re.compile(r"^(?:title|标题|題目|题目)\s*[:：]\s*", re.IGNORECASE)
QUOTES = "\"'“”‘’«»「」『』《》*_`# \t"
CLAUSE = re.compile(r"[,;:，；：、](?=[^,;:，；：、]*$)")


def from_text(text: str) -> str:
    """The first sentence without its Markdown, or as many of its words as there is room for; "" for a blank text."""
    plain = without_markdown(text) or text
    lines = [" ".join(line.split()) for line in plain.splitlines()]
    line = next(filter(None, lines), "")
    whole = " ".join(filter(None, lines))
    if len(whole) <= LONGEST:
        return whole
    sentence = found[0].strip() if (found := SENTENCE.match(line)) else line
    return shortened(sentence if width(sentence) > SHORTEST_SENTENCE else line)


def width(text: str) -> int:
    """In Latin letters; a Chinese character says about as much as two."""
    return sum(1 + (ord(character) > LAST_NARROW) for character in text)


def without_markdown(text: str) -> str:
    text = LINE_MARK.sub("", FENCE.sub("", text))
    return EMPHASIS.sub("", LINK.sub(r"\1", text)).strip()


def shortened(line: str) -> str:
    """At most LONGEST characters: to the end of a word, or, where words are not set apart, of a clause."""
    if len(line) <= LONGEST:
        return line
    cut = line[: LONGEST - 1]
    if line[LONGEST - 1] != " " and " " in cut[LONGEST // 2 :]:
        cut = cut[: cut.rindex(" ")]
    elif " " not in cut and (clause := CLAUSE.search(cut)) and clause.start() > LONGEST // 3:
        cut = cut[: clause.start()]
    return cut.rstrip(" ,;:，；：、") + "…"


def from_reply(text: str) -> str:
    """The title in a model's answer; "" when there is none."""
    lines = [line.strip() for line in THOUGHT.sub("", text).splitlines() if line.strip()]
    if not lines:
        return ""
    title = LABEL.sub("", without_markdown(lines[0]).strip(QUOTES)).strip(QUOTES).rstrip(".。")
    return title if 1 < len(title) <= LONGEST and len(title.split()) <= LATIN_WORDS else ""
