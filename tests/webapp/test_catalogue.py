"""The Chinese catalogue: sound, punctuated as Chinese is, and compiled where it is used."""

import os
import re
import time
from pathlib import Path

from babel.messages.pofile import read_po
from django.conf import settings

from webapp.lib import translations

CATALOGUE = Path(settings.BASE_DIR, "locale", "zh_Hans", "LC_MESSAGES", "django.po")


def test_every_translation_keeps_the_placeholders_of_its_sentence():
    with CATALOGUE.open("rb") as file:
        catalogue = read_po(file, locale="zh_Hans")
    assert catalogue.num_plurals == 1
    assert [str(error) for message in catalogue for error in message.check(catalogue)] == []


def test_chinese_is_punctuated_as_chinese():
    with CATALOGUE.open("rb") as file:
        sentences = [m.string if isinstance(m.string, str) else m.string[0] for m in read_po(file) if m.id]
    han = "[\u4e00-\u9fff]"
    narrow = re.compile(rf"{han} ?[,.;:!?()]|[,;:!?)] ?{han}|{han} +[{han[1:-1]}，。；：！？]|\.\.\.| [，。；：！？]")
    assert [sentence for sentence in sentences if narrow.search(sentence)] == []


def test_scripts_leave_sentences_to_the_pages():
    sentence = re.compile(r"""["'`][A-Z][a-z]+[ a-z]* [a-z]+""")
    scripts = Path(settings.BASE_DIR, "static", "js").glob("*.js")
    assert {path.name: found for path in scripts if (found := sentence.findall(path.read_text()))} == {}


def test_a_catalogue_is_compiled_again_when_it_has_changed(tmp_path):
    place = tmp_path / "zh_Hans" / "LC_MESSAGES"
    place.mkdir(parents=True)
    source, target = place / "django.po", place / "django.mo"
    source.write_text('msgid "Send"\nmsgstr "发送"\n')
    translations.compile_all(tmp_path)
    first = target.read_bytes()
    assert "发送".encode() in first
    source.write_text('msgid "Send"\nmsgstr "寄出"\n')
    os.utime(source, (time.time() + 1, time.time() + 1))
    translations.compile_all(tmp_path)
    assert "寄出".encode() in target.read_bytes()
    assert [path.name for path in place.iterdir() if path not in (source, target)] == []
