"""A document as a file: Markdown, plain text, HTML, or Word's .docx (by python-docx)."""

import io
import re
from collections.abc import Callable
from dataclasses import dataclass

from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from webapp.lib import markdown
from webapp.write.plain import Plain
from webapp.write.word import Word

CODE_HEAD = re.compile(r'<div class="code-head">.*?</div>', re.DOTALL)
UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]+')
NAME_LENGTH = 80


def file_name(title: str) -> str:
    return " ".join(UNSAFE.sub(" ", title).split()).strip(" .")[:NAME_LENGTH].strip() or "document"


def as_markdown(text: str, title: str, language: str) -> bytes:
    return (text.rstrip() + "\n").encode()


def as_html(text: str, title: str, language: str) -> bytes:
    """One page that needs nothing else."""
    blocks = [CODE_HEAD.sub("", block) for block in markdown.render(text)]
    return render_to_string("write/export.html", {"blocks": blocks, "title": title, "language": language}).encode()


def as_plain(text: str, title: str, language: str) -> bytes:
    """Without Markdown's marks; links keep their address."""
    return (Plain().read(text) + "\n").encode()


def as_docx(text: str, title: str, language: str) -> bytes:
    made = Word(title).read(text)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


@dataclass(frozen=True, slots=True)
class Kind:
    label: str | Promise
    content_type: str
    make: Callable[[str, str, str], bytes]  # of text, title and language (BCP-47)


WORD_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
KINDS = {
    "md": Kind("Markdown", "text/markdown; charset=utf-8", as_markdown),
    "txt": Kind(_("Plain text"), "text/plain; charset=utf-8", as_plain),
    "html": Kind("HTML", "text/html; charset=utf-8", as_html),
    "docx": Kind("Word (.docx)", WORD_TYPE, as_docx),
}
