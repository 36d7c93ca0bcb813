"""Signing in and out, and what stops a guesser."""

import pytest
from django.test import Client

from tests.webapp.people import PASSWORD, client_of, make_person
from webapp.accounts.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def dora(team) -> User:
    return make_person("Dora", team, password=PASSWORD)


def sign_in(client: Client, email: str, password: str = PASSWORD):
    return client.post("/account/login/", {"login": email, "password": password})


def test_an_e_mail_in_any_case_and_a_password_open_the_door(dora):
    client = Client()
    assert sign_in(client, "DORA@Example.com").status_code == 302
    assert client.get("/settings/profile/").status_code == 200


def test_signing_in_leads_to_the_page_one_asked_for_but_never_to_another_site(dora):
    form = {"login": dora.email, "password": PASSWORD}
    assert Client().post("/account/login/", form | {"next": "/settings/team/"}).url == "/settings/team/"
    assert "evil" not in Client().post("/account/login/", form | {"next": "https://evil.example.com/"}).url


def test_a_wrong_password_and_an_unknown_address_get_the_same_sentence(dora):
    sentence = "That e-mail and password do not go together."
    assert sentence in sign_in(Client(), dora.email, "wrong").content.decode()
    assert sentence in sign_in(Client(), "nobody@example.com").content.decode()


def test_after_five_failures_even_the_right_password_has_to_wait(dora):
    for _ in range(5):
        sign_in(Client(), dora.email, "wrong")
    client = Client()
    assert "Too many failed attempts. Wait five minutes" in sign_in(client, dora.email).content.decode()
    assert client.get("/settings/profile/").status_code == 302


def test_four_failures_are_forgiven(dora):
    for _ in range(4):
        sign_in(Client(), dora.email, "wrong")
    assert sign_in(Client(), dora.email).status_code == 302


def test_our_other_host_names_give_a_guesser_no_more_attempts(dora, settings):
    settings.ALLOWED_HOSTS = ["one.example.com", "two.example.com"]
    one, two = (Client(headers={"host": host}) for host in settings.ALLOWED_HOSTS)
    for client in (one, two, one, two, one):
        sign_in(client, dora.email, "wrong")
    assert "Too many failed attempts" in sign_in(two, dora.email).content.decode()


def test_one_persons_lock_out_does_not_touch_another(dora, team):
    for _ in range(5):
        sign_in(Client(), dora.email, "wrong")
    erik = make_person("Erik", team, password=PASSWORD)
    assert sign_in(Client(), erik.email).status_code == 302


def test_one_address_that_tries_many_accounts_is_locked_out(dora):
    for number in range(20):
        sign_in(Client(), f"guess{number}@example.com", "wrong")
    assert "Too many failed attempts" in sign_in(Client(), dora.email).content.decode()


def test_an_account_that_is_switched_off_stays_out_and_is_told(dora):
    User.objects.update(is_active=False)
    client = Client()
    assert sign_in(client, dora.email).url == "/account/inactive/"
    assert "This account is switched off" in client.get("/account/inactive/").content.decode()


def test_signing_out_takes_a_button_not_a_link(alice):
    client = client_of(alice)
    assert "Sign out?" in client.get("/account/logout/").content.decode()
    assert client.get("/settings/profile/").status_code == 200
    assert client.post("/account/logout/").url == "/account/login/"
    assert client.get("/settings/profile/").status_code == 302


def test_a_changed_password_counts_at_once_and_ends_the_other_sessions(dora):
    here, elsewhere = client_of(dora), client_of(dora)
    form = {"oldpassword": PASSWORD, "password1": "seven green umbrellas sing"}
    assert here.post("/settings/password/", form).status_code == 302
    assert "Your password is changed." in here.get("/settings/password/").content.decode()
    assert elsewhere.get("/settings/profile/").status_code == 302
    assert sign_in(Client(), dora.email, "seven green umbrellas sing").status_code == 302


def test_changing_the_password_needs_the_old_one_and_a_good_new_one(dora):
    client = client_of(dora)
    wrong = client.post("/settings/password/", {"oldpassword": "guess", "password1": "seven green umbrellas"})
    assert "That is not your current password." in wrong.content.decode()
    weak = client.post("/settings/password/", {"oldpassword": PASSWORD, "password1": "password"})
    assert "too common" in weak.content.decode()
    assert User.objects.get(pk=dora.pk).check_password(PASSWORD)


def test_an_expired_session_sends_a_click_on_the_page_to_sign_in(alice):
    headers = {"hx-request": "true", "hx-current-url": "http://testserver/settings/team/?q=bo"}
    response = Client(headers=headers).post(f"/members/{alice.memberships.get().pk}/remove/")
    assert response.status_code == 200
    assert response["HX-Redirect"] == "/account/login/?next=/settings/team/%3Fq%3Dbo"
