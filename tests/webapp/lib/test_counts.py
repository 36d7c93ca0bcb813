"""Numbers of rows, tokens and characters are written alike on every page, in both languages."""

import re

import pytest
from django.conf import settings
from django.template import Context, Template
from django.utils import translation

from webapp.lib.counts import Count, counted
from webapp.lib.templatetags.colloquy import millions


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_count_has_thousands_separators_wherever_it_is_written(language: str) -> None:
    with translation.override(language):
        assert [str(Count(n)) for n in (0, 999, 1200, 1234567)] == ["0", "999", "1,200", "1,234,567"]
        assert f"{Count(1200)} and %(n)s" % {"n": Count(1200)} == "1,200 and 1,200"
        assert Template("{{ n|counted }} {{ n|floatformat:'0g' }}").render(Context({"n": 1200})) == "1,200 1,200"


@pytest.mark.parametrize(("rows", "said"), [(1, "1 row"), (2, "2 rows"), (1200, "1,200 rows")])
def test_a_sentence_about_a_count_keeps_its_plural(rows: int, said: str) -> None:
    sentence = (
        "{% blocktranslate count rows=n|counted %}{{ rows }} row{% plural %}{{ rows }} rows{% endblocktranslate %}"
    )

    assert Template(sentence).render(Context({"n": rows})) == said
    with translation.override("zh-hans"):
        assert f"{Count(rows)}" in Template(sentence).render(Context({"n": rows}))


def test_many_millions_have_separators_too() -> None:
    assert [millions(n) for n in (6_524_160, 132e6, 1.2e9)] == ["6.5", "132", "1,200"]
    with translation.override("zh-hans"):
        assert [millions(n) for n in (6_524_160, 132e6)] == ["652", "13,200"]


def test_what_is_no_whole_number_stays_as_it_is() -> None:
    assert [counted(value) for value in (None, "–", 1.5, True)] == [None, "–", 1.5, True]


def test_every_sentence_about_a_count_writes_it_alike() -> None:
    rooms = [settings.BASE_DIR / "templates" / room for room in ("datasets", "runs", "catalog", "serving")]
    pages = [page.read_text(encoding="utf-8") for room in rooms for page in room.glob("*.html")]
    found = [said for page in pages for said in re.findall(r"\{% blocktranslate [^%]*?count \w+=[^%]*%\}", page)]

    assert len(found) > 20
    assert [said for said in found if "|counted" not in said and 'floatformat:"0g"' not in said] == []
