"""Catalogues are compiled without the gettext programs."""

import gettext
import os
from pathlib import Path

import pytest

from webapp.lib import translations

CATALOGUE = """
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

msgid "Send"
msgstr "发送"

msgid "%(count)d file"
msgid_plural "%(count)d files"
msgstr[0] "%(count)d 个文件"

msgctxt "month"
msgid "May"
msgstr "五月"

#, fuzzy
msgid "Stop"
msgstr "guessed"
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    source = tmp_path / "zh_Hans" / "LC_MESSAGES" / "django.po"
    source.parent.mkdir(parents=True)
    source.write_text(CATALOGUE, encoding="utf-8")
    return source


def compiled(source: Path) -> gettext.GNUTranslations:
    translations.compile_all(source.parents[2])
    with source.with_suffix(".mo").open("rb") as file:
        return gettext.GNUTranslations(file)


def test_a_catalogue_says_what_its_source_says(source: Path) -> None:
    catalogue = compiled(source)
    assert catalogue.gettext("Send") == "发送"
    assert catalogue.ngettext("%(count)d file", "%(count)d files", 3) == "%(count)d 个文件"
    assert catalogue.pgettext("month", "May") == "五月"


def test_what_is_only_guessed_stays_as_it_was(source: Path) -> None:
    assert compiled(source).gettext("Stop") == "Stop"


def test_a_newer_source_is_compiled_again_and_an_older_one_is_not(source: Path) -> None:
    compiled(source)
    target = source.with_suffix(".mo")
    os.utime(target, ns=(1, 1))
    source.write_text(CATALOGUE.replace("发送", "传送"), encoding="utf-8")
    assert compiled(source).gettext("Send") == "传送"
    os.utime(source, ns=(1, 1))
    before = target.stat().st_mtime_ns
    compiled(source)
    assert target.stat().st_mtime_ns == before
    assert [file.name for file in source.parent.iterdir() if file.suffix == ".mo"] == ["django.mo"]


def test_a_broken_source_says_so_and_leaves_the_catalogue(source: Path) -> None:
    compiled(source)
    os.utime(source.with_suffix(".mo"), ns=(1, 1))
    source.write_text("<<<<<<< a merge that was not finished\n" + CATALOGUE, encoding="utf-8")
    with pytest.raises(ValueError, match=r"django\.po is broken"):
        translations.compile_all(source.parents[2])
    with source.with_suffix(".mo").open("rb") as file:
        assert gettext.GNUTranslations(file).gettext("Send") == "发送"
