"""A request that cannot be read gets a page, in the words of whoever sent it."""

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


def test_it_says_what_is_wrong_and_what_to_do() -> None:
    answer = Client().get("/account/login/", headers={"host": "no such host"})
    assert answer.status_code == 400
    assert "This request makes no sense" in answer.text
    assert "Go back and try again" in answer.text
