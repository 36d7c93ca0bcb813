"""Markdown as models write it, to HTML that is safe to show: CommonMark with tables and mathematics by pyromark, code
coloured by Pygments, LaTeX as MathML by latex2mathml, all sanitised by nh3. Raw HTML is shown as the text that it is,
and an image, which would tell another host who reads, as a link.

A reply is rendered block by block (paragraph, list, table, code …), so that a growing one need not be rendered anew.
"""

import html
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import Any

import nh3
import pyromark
from django.utils.translation import gettext as _
from latex2mathml.converter import convert as mathml
from pygments import highlight
from pygments.formatters.html import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

log = logging.getLogger(__name__)
OPTIONS = (
    pyromark.Options.ENABLE_TABLES
    | pyromark.Options.ENABLE_STRIKETHROUGH
    | pyromark.Options.ENABLE_TASKLISTS
    | pyromark.Options.ENABLE_MATH
)
TAGS = set("p,br,hr,h1,h2,h3,h4,h5,h6,strong,em,del,code,pre,blockquote,ul,ol,li,a,span".split(","))
TAGS |= set("table,thead,tbody,tr,th,td".split(","))
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}, "code": {"class"}, "span": {"class"}}
MATH_TAGS = set("math,mrow,mi,mo,mn,ms,mtext,mspace,msup,msub,msubsup,munder,mover,munderover".split(","))
MATH_TAGS |= set("mfrac,msqrt,mroot,mtable,mtr,mtd,mstyle,mpadded,menclose,mphantom".split(","))
MATH_ATTRIBUTES = {
    tag: {"display", "mathvariant", "stretchy", "fence", "columnalign", "linethickness", "displaystyle", "xmlns"}
    for tag in MATH_TAGS
}
LINK_SCHEMES = {"http", "https", "mailto"}
LONGEST_FORMULA = 2000
BLANK = " \t\r\n"  # what CommonMark calls blank

CODE = re.compile(r'<pre><code(?: class="language-([^"]*)")?>(.*?)</code></pre>', re.DOTALL)
MATH = re.compile(r'<span class="math math-(inline|display)">(.*?)</span>', re.DOTALL)
CHECKBOX = re.compile(r'<input disabled="" type="checkbox"( checked="")?/>\n?')
TABLE = re.compile(r"<table>.*?</table>", re.DOTALL)
DEAD_LINK = re.compile(r"<a(?![^>]* href=)[^>]*>(.*?)</a>", re.DOTALL)
LATEX = re.compile(r"(?<!\\)\\(?:\((.+?)(?<!\\)\\\)|\[(.+?)(?<!\\)\\\])", re.DOTALL)  # \( … \) and \[ … \]
SPLIT = {"Paragraph", "Item", "TableCell", "TableRow", "Code"}  # a formula does not reach from one into the next
TOKEN = re.compile(r"[\ue000\ue001]")  # private characters: around a formula's number while its block is rendered
FORMULA = re.compile(r"\ue000(\d+)\ue001")


@dataclass(frozen=True, slots=True)
class Block:
    """A top-level block: where it starts in the source (in characters), and its source up to the next one."""

    start: int
    source: str


def blocks(source: str) -> list[Block]:
    """The top-level blocks in order. Only blank lines may lie outside them."""
    data = source.encode()
    starts = _top_level_starts(source, data)
    found, characters, reached = [], 0, 0
    for start, end in zip(starts, [*starts, len(data)][1:], strict=True):
        characters += len(data[reached:start].decode())
        reached = start
        found.append(Block(characters, data[start:end].decode()))
    return found


def _top_level_starts(source: str, data: bytes) -> list[int]:
    """Byte offsets of the lines on which the top-level blocks start; the first is the first line that is not blank,
    though a link's definition, which is shown nowhere, may stand on it."""
    text_at = len(data) - len(data.lstrip(BLANK.encode()))
    starts, depth = {data.rfind(b"\n", 0, text_at) + 1} if text_at < len(data) else set(), 0
    for event, where in pyromark.events_with_range(source, options=OPTIONS):
        kind = event if isinstance(event, str) else next(iter(event))
        if depth == 0:
            starts.add(data.rfind(b"\n", 0, where["start"]) + 1)
        depth += (kind == "Start") - (kind == "End")
    return sorted(starts)


def render(source: str) -> list[str]:
    """Safe HTML of each block."""
    return [render_block(block.source) for block in blocks(source)]


def render_block(source: str) -> str:
    """Safe HTML of one block, whole or still being written. White space at its end makes no difference."""
    source, formulas = _without_latex(source.rstrip(BLANK))
    out = pyromark.html(_without_html(_without_prices(source)), options=OPTIONS)
    out = CHECKBOX.sub(lambda found: "☑ " if found[1] else "☐ ", out)
    safe = nh3.clean(
        out, tags=TAGS, attributes=ATTRIBUTES, url_schemes=LINK_SCHEMES, link_rel="noopener noreferrer nofollow"
    )
    safe = DEAD_LINK.sub(r"\1", safe)  # its address was not safe
    # From here on every piece that is put in is escaped or sanitised where it is made.
    safe = CODE.sub(lambda found: _code(html.unescape(found[1] or ""), html.unescape(found[2]).rstrip(BLANK)), safe)
    safe = MATH.sub(lambda found: _formula(html.unescape(found[2]), found[1]), safe)
    safe = FORMULA.sub(lambda found: _formula(*formulas[int(found[1])]), safe)
    return TABLE.sub(lambda found: f'<div class="table-scroll" tabindex="0">{found[0]}</div>', safe)


def _without_latex(source: str) -> tuple[str, list[tuple[str, str]]]:
    """The source with a token in the place of each formula between LaTeX's own delimiters, which CommonMark takes for
    escaped brackets; and the formulas, each with "inline" or "display"."""
    source = TOKEN.sub("\N{REPLACEMENT CHARACTER}", source)
    if "\\(" not in source and "\\[" not in source:
        return source, []
    escaped, splits = _brackets_in_text(source)
    formulas: list[tuple[str, str]] = []

    def token(found: re.Match[str]) -> str:
        start, end = found.start() + 1, found.end() - 1  # of the brackets
        body = found[1] or found[2]
        whole = {start, end} <= escaped and not any(start < place < end for place in splits)
        if not whole or not body.strip():
            return found[0]
        formulas.append((_without_quote_marks(body).strip(), "inline" if found[1] else "display"))
        return f"\ue000{len(formulas) - 1}\ue001"

    return LATEX.sub(token, source), formulas


def _brackets_in_text(source: str) -> tuple[set[int], list[int]]:
    """Where a bracket stands in text, and not in code or an address; and where one block ends and the next begins.
    Both in characters."""
    data = source.encode()
    characters = _characters_at(data)
    escaped, splits, in_code = set(), [], False
    for event, where in pyromark.events_with_range(source, options=OPTIONS):
        if isinstance(event, str):
            continue
        if _kind(event) == "CodeBlock":
            in_code = "Start" in event
        elif "Text" in event and not in_code:
            text = data[where["start"] : where["end"]]
            escaped |= {characters(where["start"] + at) for at, byte in enumerate(text) if byte in b"()[]"}
        elif _kind(event) in SPLIT:
            splits += [characters(where["start"]), characters(where["end"])]
    return escaped, splits


def _kind(event: Mapping[str, Any]) -> str:
    """ "Code", or of what it is the start or the end."""
    name = event.get("Start") or event.get("End") or event
    return name if isinstance(name, str) else next(iter(name))


def _characters_at(data: bytes) -> Callable[[int], int]:
    """From an offset in UTF-8 to one in characters."""
    if data.isascii():
        return lambda offset: offset
    starts = list(accumulate((byte & 0xC0 != 0x80 for byte in data), initial=0))
    return lambda offset: starts[offset]


def _without_quote_marks(latex: str) -> str:
    """A formula of several lines in a block quote has its mark on each."""
    return re.sub(r"\n[ ]{0,3}>[ ]?", "\n", latex)


def _without_prices(source: str) -> str:
    """The source with its dollars escaped where they are no mathematics: as Pandoc has it, the dollar that closes a
    formula stands before no digit, so "$5-$10" is money."""
    if source.count("$") < 2:
        return source
    data, out, reached = source.encode(), [], 0
    for event, where in pyromark.events_with_range(source, options=OPTIONS):
        start, end = where["start"], where["end"]
        if not isinstance(event, str) and "InlineMath" in event and data[end : end + 1].isdigit():
            out += [data[reached:start], b"\\", data[start : end - 1], b"\\"]
            reached = end - 1
    return b"".join([*out, data[reached:]]).decode()


def _without_html(source: str) -> str:
    """The source with the `<` of raw HTML escaped, and without the `!` that makes a link an image."""
    if "<" not in source and "![" not in source:
        return source
    data, out, reached = source.encode(), [], 0
    for event, where in pyromark.events_with_range(source, options=OPTIONS):
        start, end = where["start"], where["end"]
        if start < reached or isinstance(event, str):
            continue
        if "Html" in event or "InlineHtml" in event:
            out += [data[reached:start], data[start:end].replace(b"<", b"&lt;")]
            reached = end
        elif (started := event.get("Start")) and isinstance(started, dict) and "Image" in started:
            out.append(data[reached:start])
            reached = start + 1
    return b"".join([*out, data[reached:]]).decode()


def _code(language: str, text: str) -> str:
    name = html.escape(language.split(",")[0].split()[0] if language.strip() else "")
    lexer = _lexer(language)
    body = highlight(text, lexer, HtmlFormatter(nowrap=True)) if lexer else html.escape(text)
    body = body.removesuffix("\n")  # what a page appends to an open block brings its own
    copy = html.escape(_("Copy code"))  # not inside of the f-string: there gettext's extractor does not look
    button = f'<button type="button" class="button quiet small" data-copy-code>{copy}</button>'
    head = f'<div class="code-head"><span>{name}</span>{button}</div>'
    return f'<div class="code">{head}<pre tabindex="0"><code class="highlight">{body}</code></pre></div>'


@lru_cache(maxsize=64)
def _lexer(language: str) -> Lexer | None:
    try:
        return get_lexer_by_name(language.split()[0], stripnl=False, ensurenl=False) if language.strip() else None
    except ClassNotFound:
        return None


@lru_cache(maxsize=512)
def _formula(latex: str, display: str) -> str:
    """MathML, or the LaTeX itself where it cannot be read."""
    if len(latex) <= LONGEST_FORMULA:
        try:
            made = mathml(latex, display="block" if display == "display" else "inline")
            safe = nh3.clean(made, tags=MATH_TAGS, attributes=MATH_ATTRIBUTES)
            return safe.replace("<math", '<math tabindex="0"', 1) if display == "display" else safe  # it may scroll
        except Exception as error:  # latex2mathml raises whatever its parser trips over
            log.debug("no MathML for %r: %s", latex, error)
    return f'<code class="formula">{html.escape(latex)}</code>'
