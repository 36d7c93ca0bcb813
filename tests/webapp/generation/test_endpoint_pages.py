"""The pages on which a team's admins add, test, change and remove endpoints."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from aiohttp import web
from django.test import Client
from django.utils.html import escape

from inference.fake import Fake
from tests.webapp.people import client_of, make_person
from webapp.accounts.models import Role, Team, User
from webapp.generation import endpoints as services
from webapp.generation.models import Endpoint
from webapp.lib import sealing

pytestmark = pytest.mark.django_db
HOME = "/settings/endpoints/"
KEY = "sk-very-secret-0123456789"


@contextmanager
def aside(server) -> Iterator:
    """An async server, in a thread of its own: the pages ask it from this one."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def do(coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result(timeout=10)

    try:
        yield do(server.__aenter__())
        do(server.__aexit__(None, None, None))
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture
def other() -> Iterator[Fake]:
    with aside(Fake(model="other-1", api_key=KEY, strict=True)) as fake:
        fake.adapters["other-2"] = ""
        yield fake


class Odd:
    """A web server that is no model server."""

    def __init__(self, answer) -> None:
        app = web.Application()
        app.router.add_route("*", "/{any:.*}", answer)
        self.runner = web.AppRunner(app)

    async def __aenter__(self) -> str:
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{self.runner.addresses[0][1]}"

    async def __aexit__(self, *_: object) -> None:
        await self.runner.cleanup()


def add(client: Client, url: str, key: str = KEY, name: str = "Other") -> str:
    """The page on which that ends."""
    return client.post(HOME, {"name": name, "url": url, "key": key}, follow=True).content.decode()


@pytest.fixture
def endpoint(team: Team) -> Endpoint:
    return Endpoint.objects.create(
        team=team, name="Other", url="http://127.0.0.1:9", sealed_key=sealing.seal(KEY),
        served=["other-1"], listed={"other-1": 4096, "other-2": None},
    )  # fmt: skip


def test_an_admin_adds_an_endpoint_and_chooses_its_models(anna: User, other: Fake) -> None:
    client = client_of(anna)
    page = add(client, f"{other.url}/v1/")
    assert "The server answers and lists 2 models." in page
    added = Endpoint.objects.get()
    assert (added.url, added.listed) == (f"{other.url}/v1", {"other-1": 8192, "other-2": None})
    assert (added.served, added.is_vllm) == ([], False)
    where = f"{HOME}{added.pk}/"
    client.post(where, {"name": "Mine", "url": added.url, "key": "", "served": ["other-2"]})
    added.refresh_from_db()
    assert (added.name, added.served) == ("Mine", ["other-2"])
    assert sealing.unseal(added.sealed_key) == KEY  # left empty it stays


def test_where_there_is_one_model_people_may_choose_it_at_once(anna: User) -> None:
    with aside(Fake(model="only-1")) as fake:
        add(client_of(anna), fake.url, key="")
    added = Endpoint.objects.get()
    assert (added.served, added.is_vllm, added.sealed_key) == (["only-1"], True, "")


def test_a_key_is_stored_encrypted_and_comes_back_to_no_page(anna: User, other: Fake) -> None:
    client = client_of(anna)
    pages = [add(client, other.url), client.post(HOME, {"name": "", "url": other.url, "key": KEY}).content.decode()]
    added = Endpoint.objects.get()
    where = f"{HOME}{added.pk}/"
    pages += [client.get(HOME).content.decode(), client.get(where).content.decode()]
    pages.append(client.post(where, {"name": "", "url": "x", "key": KEY}).content.decode())
    assert KEY not in added.sealed_key
    for page in pages:
        assert KEY not in page
        assert added.sealed_key not in page


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("", "This field is required."),
        ("localhost:11434", "An address begins with http:// or https://"),
        ("ftp://example.com", "An address begins with http:// or https://"),
        ("unix:/run/engine.sock", "An address begins with http:// or https://"),
        ("http://[::1", "This is no address."),
        ("http://example.com:99999", "This is no address."),
        ("http://me:secret@example.com", "a key goes into its own field"),
        ("http://example.com/v1?key=1", "a key goes into its own field"),
        ("http://169.254.169.254/latest", "No model server is asked at this address."),
        ("http://[::ffff:169.254.169.254]", "No model server is asked at this address."),
        ("http://0.0.0.0:11434", "To name this machine, write localhost."),
        ("http://engine.example:8000/v1", "This is Colloquy’s own engine"),
        ("http://127.0.0.1:9", "No server answers there."),
    ],
)
def test_an_address_that_will_not_do_is_refused_with_a_sentence(url: str, sentence: str, anna: User, settings) -> None:
    settings.INFERENCE_URL = "http://engine.example:8000"
    page = add(client_of(anna), url)
    assert escape(sentence) in page
    assert 'value="Other"' in page  # what was typed stays
    assert not Endpoint.objects.exists()


def test_an_operator_may_narrow_the_hosts(anna: User, settings) -> None:
    settings.ENDPOINT_HOSTS = ["models.example"]
    assert "This install allows only these hosts: models.example." in add(client_of(anna), "http://127.0.0.1:9")


def test_a_wrong_key_is_said_so(anna: User, other: Fake) -> None:
    assert "The server refused the key." in add(client_of(anna), other.url, key="wrong")
    assert not Endpoint.objects.exists()


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (web.json_response, "A server answers, but not as an OpenAI-compatible one does."),
        (lambda: web.Response(text="<html>Hello", content_type="text/html"), "A server answers, but not as an"),
        (lambda: web.Response(status=404), "it is not OpenAI-compatible at this address"),
        (
            lambda: web.Response(status=302, headers={"Location": "/elsewhere"}),
            "A server answers, but not as an OpenAI-compatible one does.",
        ),
        (lambda: web.json_response({"data": []}), "The server answers, but serves no model."),
        (lambda: web.Response(status=503), "The server is busy"),
    ],
)
def test_a_server_of_another_kind_is_said_so(answer, sentence: str, anna: User) -> None:
    async def handle(request: web.Request) -> web.StreamResponse:
        return answer({}) if answer is web.json_response else answer()

    with aside(Odd(handle)) as url:
        assert sentence in add(client_of(anna), url)
    assert not Endpoint.objects.exists()


def test_a_name_is_given_once_in_a_team(anna: User, other: Fake, endpoint: Endpoint) -> None:
    assert "The team has an endpoint of this name." in add(client_of(anna), other.url, name="other")
    page = client_of(make_person("Else", Team.objects.create(name="Else"), Role.OWNER)).post(
        HOME, {"name": "Other", "url": other.url, "key": KEY}
    )
    assert page.status_code == 302


def test_the_stored_key_goes_to_no_other_server(anna: User, other: Fake, endpoint: Endpoint) -> None:
    client, where = client_of(anna), f"{HOME}{endpoint.pk}/"
    moved = {"name": "Other", "url": other.url, "key": ""}
    page = client.post(where, moved)
    assert page.status_code == 422
    assert "enter its key, or forget the stored one" in page.content.decode()
    endpoint.refresh_from_db()
    assert endpoint.url == "http://127.0.0.1:9"
    client.post(where, moved | {"key": KEY, "served": ["other-1"]})
    endpoint.refresh_from_db()
    assert (endpoint.url, endpoint.listed) == (other.url, {"other-1": 8192, "other-2": None})


def test_a_key_is_forgotten_on_request(anna: User, endpoint: Endpoint) -> None:
    with aside(Fake(model="other-1")) as fake:
        client_of(anna).post(f"{HOME}{endpoint.pk}/", {"name": "Other", "url": fake.url, "key": "", "forget": "on"})
    endpoint.refresh_from_db()
    assert endpoint.sealed_key == ""


def test_a_test_lists_the_models_anew(anna: User, other: Fake, endpoint: Endpoint) -> None:
    Endpoint.objects.update(url=other.url)
    del other.adapters["other-2"]
    page = client_of(anna).post(f"{HOME}{endpoint.pk}/test/", follow=True).content.decode()
    assert "The server answers and lists 1 model." in page
    endpoint.refresh_from_db()
    assert endpoint.listed == {"other-1": 8192}


def test_a_test_that_fails_says_why_and_changes_nothing(anna: User, endpoint: Endpoint) -> None:
    page = client_of(anna).post(f"{HOME}{endpoint.pk}/test/", follow=True).content.decode()
    assert "No server answers there." in page
    endpoint.refresh_from_db()
    assert endpoint.listed == {"other-1": 4096, "other-2": None}


def test_a_model_that_is_not_listed_any_more_is_marked(anna: User, endpoint: Endpoint) -> None:
    Endpoint.objects.update(served=["other-1", "old-1"])
    page = client_of(anna).get(f"{HOME}{endpoint.pk}/").content.decode()
    assert page.count("Not listed any more") == 1
    assert "old-1" in page


def test_a_removed_endpoint_is_gone_with_its_key(anna: User, endpoint: Endpoint) -> None:
    page = client_of(anna).post(f"{HOME}{endpoint.pk}/remove/", follow=True).content.decode()
    assert "The endpoint is removed." in page
    assert not Endpoint.objects.exists()


def test_only_admins_find_the_way_to_endpoints(anna: User, bob: User) -> None:
    assert HOME in client_of(anna).get("/settings/profile/").content.decode()
    assert HOME not in client_of(bob).get("/settings/profile/").content.decode()


def test_what_was_sealed_under_an_earlier_secret_still_opens(settings) -> None:
    sealed = sealing.seal(KEY)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a new one", [settings.SECRET_KEY]
    assert sealing.unseal(sealed) == KEY
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(sealing.Unreadable):
        sealing.unseal(sealed)


def test_a_key_that_cannot_be_read_any_more_is_asked_for_again(anna: User, endpoint: Endpoint, settings) -> None:
    Endpoint.objects.update(sealed_key="sealed by another")
    for path, data in (("test/", {}), ("", {"name": "Other", "url": f"{endpoint.url}/v1", "key": ""})):
        page = client_of(anna).post(f"{HOME}{endpoint.pk}/{path}", data, follow=True).content.decode()
        assert "The stored key cannot be read any more. Enter it again." in page


def test_our_own_engine_is_told_by_its_port_too(settings) -> None:
    settings.INFERENCE_URL = "https://engine.example/v1"
    assert services.is_own_engine("engine.example", 443)
    assert not services.is_own_engine("engine.example", 8443)
