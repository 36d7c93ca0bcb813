import subprocess
import sys

import pytest
from django.utils import translation

from inference import prompts
from webapp.lib import languages
from webapp.lib.languages import Detection


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("今天天气很好。", "zh-Hans"),
        ("今天天氣很好，我們去學校。", "zh-Hant"),
        ("汤姆", "zh-Hans"),
        ("今日は天気がいいですね。", "ja"),
        ("오늘 날씨가 좋네요.", "ko"),
        ("Where is the station?", "en"),
        ("WHERE IS THE STATION?", "en"),
        ("Où est la gare, s'il vous plaît ?", "fr"),
        ("Wo ist der Bahnhof, bitte?", "de"),
        ("¿Dónde está la estación?", "es"),
        ("Onde fica a estação de comboios?", "pt"),
        ("Где находится вокзал?", "ru"),
        ("1. Where is the station?\n2. When does the train leave?", "en"),
    ],
)
def test_it_knows_the_language_of_a_sentence(text: str, code: str) -> None:
    assert languages.detect(text) == Detection(code, sure=True)


def test_a_single_word_that_two_languages_have_is_no_certainty() -> None:
    found = languages.detect("hotel")
    assert not found.sure
    assert found.second not in ("", found.code)


@pytest.mark.parametrize("text", ["", "  \n ", "3.14 + 2", "😀", "…"])
def test_a_text_without_letters_has_no_language(text: str) -> None:
    assert languages.detect(text) == Detection()


def test_a_foreign_name_does_not_make_a_text_foreign() -> None:
    assert languages.detect("I have always wanted to see 北京 with my own eyes.").code == "en"
    assert languages.detect("我在 GitHub 上看到了这个项目。").code == "zh-Hans"


def test_a_name_is_in_the_language_of_the_page() -> None:
    with translation.override("en"):
        assert [languages.name(code) for code in ("zh-Hans", "de", "pt-BR")] == [
            "Simplified Chinese",
            "German",
            "Brazilian Portuguese",
        ]
    with translation.override("zh-hans"):
        assert [languages.name(code) for code in ("zh-Hans", "de", "hi")] == ["简体中文", "德语", "印地语"]


def test_every_language_has_names_and_the_prompt_knows_the_same_ones() -> None:
    for page in ("en", "zh-hans"):
        with translation.override(page):
            assert [code for code in languages.CODES if languages.name(code) == code] == []
    assert {code.removesuffix("-Hans") for code in languages.CODES} == set(prompts.LANGUAGES)


def test_nothing_is_loaded_before_the_first_text() -> None:
    program = "import sys, webapp.lib.languages as l; print('fasttext' in sys.modules, l.detect('Guten Tag').code)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "de"]
