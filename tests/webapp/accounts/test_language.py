"""In which language a person is answered."""

import pytest
from django.test import Client

from tests.webapp.people import PASSWORD, client_of
from webapp.accounts import services
from webapp.accounts.models import User

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("asked", ["zh-CN", "zh", "zh-SG", "zh-Hans-CN", "zh-CN,zh;q=0.9,en;q=0.8"])
def test_a_browser_that_asks_for_chinese_gets_simplified_chinese(asked):
    assert Client(headers={"accept-language": asked}).get("/account/login/")["Content-Language"] == "zh-hans"


@pytest.mark.parametrize("asked", ["en-GB", "de-DE,de;q=0.9", "*", "", "!!nonsense"])
def test_any_other_browser_gets_english(asked):
    assert Client(headers={"accept-language": asked}).get("/account/login/")["Content-Language"] == "en"


def test_a_choice_in_the_browser_beats_what_the_browser_asks():
    client = Client(headers={"accept-language": "en"})
    client.cookies["colloquy_language"] = "zh-hans"
    assert client.get("/account/login/")["Content-Language"] == "zh-hans"


def test_the_account_beats_both(alice):
    User.objects.update(language="en")
    client = client_of(alice)
    client.cookies["colloquy_language"] = "zh-hans"
    response = client.get("/settings/profile/", headers={"accept-language": "zh-CN"})
    assert response["Content-Language"] == "en"


def test_an_account_without_a_choice_follows_the_browser(alice):
    response = client_of(alice).get("/settings/profile/", headers={"accept-language": "zh-CN"})
    assert response["Content-Language"] == "zh-hans"


def test_a_language_chosen_in_the_profile_counts_from_the_next_page(alice):
    client = client_of(alice)
    response = client.post("/settings/profile/", {"name": "Alice", "language": "zh-hans", "theme": ""}, follow=True)
    assert response["Content-Language"] == "zh-hans"


@pytest.mark.parametrize(("cookie", "kept"), [("zh-hans", "zh-hans"), ("tlh", ""), ("", "")])
def test_who_chose_a_language_before_signing_up_keeps_it(cookie, kept):
    client = Client()
    client.cookies["colloquy_language"] = cookie
    link = services.first_run_link()
    client.get(link[link.index("/join/") :])
    form = {"name": "Dora", "email": "dora@example.com", "password1": PASSWORD, "team_name": "Aurora"}
    client.post("/account/signup/", form)
    assert User.objects.get().language == kept
