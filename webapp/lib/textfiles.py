"""Text files as people have them: their encoding is found out, and what is no text is refused with a sentence.

A byte-order mark decides; then UTF-8, which is hardly ever right by chance; else the likeliest of ENCODINGS, in which
people's older files are, as charset-normalizer weighs them.
"""

import html
import re
from pathlib import PurePath

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

MOST_BYTES = 2 * 1024 * 1024
TYPES = (".txt", ".md", ".csv", ".tsv", ".html", ".htm", ".json", ".log", ".srt", ".rst")
ENCODINGS = ["gb18030", "big5", "shift_jis", "euc_jp", "euc_kr", "cp1252", "cp1251", "koi8_r"]
MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
BREAKS = re.compile(r"(?i)<(?:br|/p|/div|/li|/tr|/h[1-6]|/title|/td)\b[^>]*>")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")


class Unreadable(Exception):
    """Its text is a sentence for people."""


def read(name: str, data: bytes) -> str:
    """The text of a file, with "\\n" at the end of its lines; of a web page the words alone. Raises Unreadable."""
    if len(data) > MOST_BYTES:
        size = MOST_BYTES // (1024 * 1024)
        raise Unreadable(
            ngettext(
                "The file is larger than %(size)d MB. Split it, or paste the part that matters.",
                "The file is larger than %(size)d MB. Split it, or paste the part that matters.",
                size,
            )
            % {"size": size}
        )
    if not data.strip():
        raise Unreadable(_("The file is empty."))
    text = decoded(data)
    if text is None:
        sentence = _("%(name)s is no text file. Save it as plain text (.txt), Markdown, CSV or HTML, and try again.")
        raise Unreadable(sentence % {"name": name or _("The file")})
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return words_of(text) if PurePath(name).suffix.lower() in (".html", ".htm") else text


def decoded(data: bytes) -> str | None:
    """None where it is no text in any encoding that people use."""
    for mark, encoding in MARKS:
        if data.startswith(mark):
            return _strictly(data, encoding)
    if data.count(0) > len(data) // 8:  # without a mark only UTF-16 has zeros in a text
        return _unmarked_utf16(data)
    text = _strictly(data, "utf-8")
    return text if text is not None else _likeliest(data)


def words_of(page: str) -> str:
    """A web page without its marks, scripts and styles."""
    import nh3  # here: who reads no page does without it

    bare = html.unescape(nh3.clean(BREAKS.sub("\\g<0>\n", page), tags=set()))
    lines = (" ".join(line.split()) for line in bare.splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _strictly(data: bytes, encoding: str) -> str | None:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return None
    return None if CONTROL.search(text) else text


def _unmarked_utf16(data: bytes) -> str | None:
    little = data[1::2].count(0) >= data[::2].count(0)
    return _strictly(data, "utf-16-le" if little else "utf-16-be")


def _likeliest(data: bytes) -> str | None:
    from charset_normalizer import from_bytes  # here: only older files need it

    found = from_bytes(data, cp_isolation=ENCODINGS, threshold=0.6).best()
    return _strictly(data, found.encoding) if found else None
