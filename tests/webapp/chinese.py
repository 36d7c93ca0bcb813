"""A reader of Chinese, and what they would find in English."""

from collections.abc import Iterator
from html import unescape

from django.test import Client
from django.utils import translation

from inference.sentences import Sentence
from tests.webapp.people import client_of
from webapp.accounts.models import User


def page(reader: User, address: str) -> str:
    """As their browser, which asks for Chinese, shows it."""
    browser: Client = client_of(reader)
    response = browser.get(address, headers={"accept-language": "zh-CN"})
    assert response.status_code == 200, response.content.decode()
    return unescape(response.content.decode())


def english_in(sentence: Sentence) -> list[str]:
    """The templates of which it is made that nobody has translated."""
    with translation.override("zh-hans"):
        return [template for template in _templates(sentence) if translation.gettext(template) == template]


def _templates(sentence: Sentence) -> Iterator[str]:
    yield sentence.template
    for value in sentence.values.values():
        if isinstance(value, Sentence):
            yield from _templates(value)
