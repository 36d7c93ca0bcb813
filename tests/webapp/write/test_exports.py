"""A document as a file."""

import io

import docx
import pytest
from django.test import Client

from tests.webapp.people import client_of
from tests.webapp.write import pages
from webapp.accounts.models import User
from webapp.write import exports

RICH = (
    "# Title\n\nSome **bold**, *slanted*, ~~gone~~ and `code` with a [link](https://a.example).  \nA new line.\n\n"
    "1. one\n2. two\n   - inner\n\n> quoted\n\n```py\nx = 1\n```\n\n| a | b |\n|---|---|\n| 1 | **2** |\n\n"
    "<script>alert(1)</script>\n\n中文。\n"
)


def plain(text: str) -> str:
    return exports.as_plain(text, "", "en").decode()


def word(text: str) -> docx.document.Document:
    return docx.Document(io.BytesIO(exports.as_docx(text, "A\x0b <title>", "en")))


def test_markdown_is_the_source() -> None:
    assert exports.as_markdown("# A\n\nb\n\n", "", "en") == b"# A\n\nb\n"


def test_plain_text_has_no_marks_and_keeps_the_lines() -> None:
    assert plain(RICH) == (
        "Title\n\nSome bold, slanted, gone and code with a link <https://a.example>.\nA new line.\n\n"
        "1. one\n2. two\n  - inner\n\nquoted\n\nx = 1\n\na\tb\t\n1\t2\t\n\n<script>alert(1)</script>\n\n中文。\n"
    )


def test_html_is_a_page_of_its_own_and_runs_nothing() -> None:
    page = exports.as_html(RICH, "A <title>", "zh-Hans").decode()
    assert '<html lang="zh-Hans">' in page
    assert "<title>A &lt;title&gt;</title>" in page
    assert "<strong>bold</strong>" in page
    assert "<script" not in page
    assert "Copy code" not in page


def test_word_gets_headings_lists_tables_and_marks() -> None:
    made = word(RICH)
    styles = [(paragraph.style.name, paragraph.text) for paragraph in made.paragraphs]
    assert ("Heading 1", "Title") in styles
    assert ("List Number", "one") in styles
    assert ("List Bullet 2", "inner") in styles
    assert ("Quote", "quoted") in styles
    assert ("Normal", "中文。") in styles
    runs = {run.text: run for paragraph in made.paragraphs for run in paragraph.runs}
    assert runs["bold"].bold
    assert runs["slanted"].italic
    assert runs["gone"].font.strike
    assert runs["x = 1"].font.name == "Consolas"
    assert [[cell.text for cell in row.cells] for row in made.tables[0].rows] == [["a", "b"], ["1", "2"]]
    assert [style for style, text in styles if not text] == []


def test_signs_that_xml_cannot_hold_do_not_spoil_a_word_document() -> None:
    made = word("a\x0bb\x07c")
    assert [paragraph.text for paragraph in made.paragraphs] == ["abc"]
    assert made.core_properties.title == "A <title>"


@pytest.mark.parametrize(
    ("title", "name"), [("A/b: c?", "A b c"), ("..", "document"), ("报告", "报告"), ("x" * 200, "x" * 80)]
)
def test_a_file_is_called_as_its_document_as_far_as_it_may(title: str, name: str) -> None:
    assert exports.file_name(title) == name


@pytest.fixture
def browser(alice: User) -> Client:
    return client_of(alice)


@pytest.mark.parametrize("kind", ["md", "txt", "html", "docx"])
def test_every_kind_comes_as_a_file(alice: User, browser: Client, kind: str) -> None:
    document = pages.write(alice)
    response = browser.get(f"/write/{document.pk}/export/{kind}/")
    assert response["Content-Disposition"] == f'attachment; filename="Harbours.{kind}"'
    assert response["X-Content-Type-Options"] == "nosniff"
    assert len(response.content) > 20


def test_an_earlier_version_can_be_exported_and_nobody_else_s(alice: User, bob: User, browser: Client) -> None:
    document, other = pages.write(alice, "One."), pages.write(bob, "Secret.")
    first = pages.version(document).message.pk
    pages.ask(document, "continue")
    pages.answer(document, "Two.")
    assert browser.get(f"/write/{document.pk}/export/md/?version={first}").content == b"One.\n"
    theirs = pages.version(other).message.pk
    assert browser.get(f"/write/{document.pk}/export/md/?version={theirs}").status_code == 404
    assert browser.get(f"/write/{document.pk}/export/pdf/").status_code == 404
