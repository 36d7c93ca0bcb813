"""The walls: every route and every socket, tried by everybody.

A route that is in the URLconf and not in this table fails the test, and so does a socket. The people, in the order of
the columns: Alice owns the team, Anna is an admin, Bob a member, Victor a viewer; Charlie owns another team; the
stranger is not signed in ("in": sent to sign in). Alice has a private conversation, and one that she shares.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from tests.webapp.people import client_of
from tests.webapp.viewers import Look
from webapp.accounts import services as accounts
from webapp.accounts.models import Role, User
from webapp.chat import services
from webapp.chat.models import Conversation
from webapp.chat.models import Role as Author
from webapp.chat.routing import sockets
from webapp.generation.models import Status

PEOPLE = ("alice", "anna", "bob", "victor", "charlie", "stranger")
TABLE = """
healthz                               GET   /healthz                                               -                 200  200  200  200  200  200
readyz                                GET   /readyz                                                -                 503  503  503  503  503  503
root                                  GET   /                                                      -                 302  302  302  302  302  302
set-language                          POST  /language/                                             language=zh-hans  302  302  302  302  302  302

account_login                         GET   /account/login/                                        -                 302  302  302  302  302  200
account_signup                        GET   /account/signup/                                       -                 302  302  302  302  302  403
account_logout                        GET   /account/logout/                                       -                 200  200  200  200  200  302
account_logout                        POST  /account/logout/                                       -                 302  302  302  302  302  302
account_inactive                      GET   /account/inactive/                                     -                 200  200  200  200  200  200
account_reset_password                GET   /account/password/reset/                               -                 200  200  200  200  200  200
account_reset_password_done           GET   /account/password/reset/done/                          -                 200  200  200  200  200  200
account_reset_password_from_key_done  GET   /account/password/reset/key/done/                      -                 200  200  200  200  200  200
account_reset_password_from_key       GET   /account/password/reset/key/1-nonsense/                -                 200  200  200  200  200  200
account_change_password               GET   /settings/password/                                    -                 302  302  302  302  302  in
account_set_password                  GET   /settings/password/set/                                -                 200  200  200  200  200  in

accounts:join                         GET   /join/{token}/                                         -                 200  200  200  200  200  200
accounts:join                         GET   /join/unknown/                                         -                 404  404  404  404  404  404
accounts:profile                      GET   /settings/profile/                                     -                 200  200  200  200  200  in
accounts:set-theme                    POST  /settings/theme/                                       theme=dark        302  302  302  302  302  in
accounts:team                         GET   /settings/team/                                        -                 200  200  200  200  200  in
accounts:no-team                      GET   /teams/none/                                           -                 302  302  302  302  302  in
accounts:new-team                     GET   /teams/new/                                            -                 200  200  200  200  200  in
accounts:new-team                     POST  /teams/new/                                            team_name=New     302  302  302  302  302  in
accounts:switch-team                  POST  /teams/{team}/switch/                                  -                 302  302  302  302  404  in
accounts:leave-team                   POST  /teams/{team}/leave/                                   -                 302  302  302  302  404  in
accounts:rename-team                  POST  /teams/{team}/name/                                    team_name=New     302  302  403  403  404  in
accounts:invite                       POST  /teams/{team}/invitations/                             role=viewer       200  200  403  403  404  in
accounts:revoke-invitation            POST  /invitations/{invitation}/revoke/                      -                 302  302  403  403  404  in
accounts:change-role                  POST  /members/{member}/role/                                role=viewer       302  302  403  403  404  in
accounts:remove-member                POST  /members/{member}/remove/                              -                 302  302  403  403  404  in
accounts:reset-link                   POST  /members/{member}/reset-link/                          -                 200  200  403  403  404  in

chat:home                             GET   /chat/                                                 -                 200  200  200  200  200  in
chat:home                             POST  /chat/                                                 text=Hello        302  302  302  403  302  in
chat:new                              POST  /chat/new/                                             -                 302  302  302  302  302  in
chat:list                             GET   /chat/list/                                            -                 200  200  200  200  200  in

chat:conversation                     GET   /chat/{private}/                                       -                 200  404  404  404  404  in
chat:post                             POST  /chat/{private}/messages/                              text=Hello        302  404  404  404  404  in
chat:older                            GET   /chat/{private}/older/{private_reply}/                 -                 200  404  404  404  404  in
chat:rename                           POST  /chat/{private}/rename/                                title=New         302  404  404  404  404  in
chat:share                            POST  /chat/{private}/share/                                 shared=1          302  404  404  404  404  in
chat:delete                           POST  /chat/{private}/delete/                                -                 302  404  404  404  404  in
chat:stop                             POST  /chat/{private}/stop/                                  -                 302  404  404  404  404  in
chat:regenerate                       POST  /chat/{private}/messages/{private_reply}/regenerate/   -                 302  404  404  404  404  in
chat:show                             POST  /chat/{private}/messages/{private_reply}/show/         -                 302  404  404  404  404  in

chat:conversation                     GET   /chat/{shared}/                                        -                 200  200  200  200  404  in
chat:post                             POST  /chat/{shared}/messages/                               text=Hello        302  302  302  403  404  in
chat:older                            GET   /chat/{shared}/older/{shared_reply}/                   -                 200  200  200  200  404  in
chat:rename                           POST  /chat/{shared}/rename/                                 title=New         302  302  403  403  404  in
chat:share                            POST  /chat/{shared}/share/                                  shared=0          302  302  403  403  404  in
chat:delete                           POST  /chat/{shared}/delete/                                 -                 302  302  403  403  404  in
chat:stop                             POST  /chat/{shared}/stop/                                   -                 302  302  302  403  404  in
chat:regenerate                       POST  /chat/{shared}/messages/{shared_reply}/regenerate/     -                 302  302  302  403  404  in
chat:show                             POST  /chat/{shared}/messages/{shared_reply}/show/           -                 302  302  302  403  404  in

chat:older                            GET   /chat/{shared}/older/{private_reply}/                  -                 404  404  404  404  404  in
chat:regenerate                       POST  /chat/{shared}/messages/{private_reply}/regenerate/    -                 404  404  404  403  404  in
chat:show                             POST  /chat/{shared}/messages/{private_reply}/show/          -                 404  404  404  403  404  in
chat:regenerate                       POST  /chat/{shared}/messages/{shared_question}/regenerate/  -                 404  404  404  403  404  in

chat:conversation                     GET   /chat/{nowhere}/                                       -                 404  404  404  404  404  in
chat:post                             POST  /chat/{nowhere}/messages/                              text=Hello        404  404  404  404  404  in
chat:delete                           POST  /chat/{nowhere}/delete/                                -                 404  404  404  404  404  in

write:home                            GET   /write/                                               -                 200  200  200  200  200  in
write:conversation                    GET   /write/{private}/                                     -                 404  404  404  404  404  in

translate:home                        GET   /translate/                                           -                 200  200  200  200  200  in
translate:conversation                GET   /translate/{private}/                                 -                 404  404  404  404  404  in

ask:home                              GET   /ask/                                                 -                 200  200  200  200  200  in
ask:conversation                      GET   /ask/{private}/                                       -                 404  404  404  404  404  in

analyze:home                          GET   /analyze/                                             -                 200  200  200  200  200  in
analyze:conversation                  GET   /analyze/{private}/                                   -                 404  404  404  404  404  in
"""  # noqa: E501

SOCKETS = """
ws/chat/<uuid:conversation_id>/   /ws/chat/{private}/   open 4404 4404 4404 4404 4401
ws/chat/<uuid:conversation_id>/   /ws/chat/{shared}/    open open open open 4404 4401
ws/chat/<uuid:conversation_id>/   /ws/chat/{nowhere}/   4404 4404 4404 4404 4404 4401
"""


@dataclass(frozen=True)
class Route:
    name: str
    method: str
    path: str
    data: dict[str, str]
    answers: tuple[str, ...] = field(repr=False)


def read(table: str) -> list[Route]:
    routes = []
    for line in filter(None, table.splitlines()):
        name, method, path, data, *answers = line.split()
        assert len(answers) == len(PEOPLE), line
        values = dict(pair.split("=") for pair in data.split("&") if "=" in pair)
        routes.append(Route(name, method, path, values, tuple(answers)))
    return routes


ROUTES = read(TABLE)
WAYS_IN = [(pattern, path, answers) for pattern, path, *answers in map(str.split, SOCKETS.strip().splitlines())]


def talk(author: User, text: str, *, shared: bool) -> Conversation:
    """A conversation with one question and its reply."""
    team = author.memberships.get().team
    conversation = services.create_conversation(team=team, author=author, shared=shared)
    question = services.post_message(conversation=conversation, author=author, text=text)
    services.stop(conversation=conversation)
    assert question.children.get().status == Status.STOPPED
    return conversation


@dataclass
class House:
    """The cast, by column, and what stands in the addresses."""

    people: dict[str, User | None]
    ids: dict[str, str | int | UUID]


@pytest.fixture
def house(alice: User, anna: User, bob: User, victor: User, charlie: User) -> House:
    private, shared = talk(alice, "A secret", shared=False), talk(alice, "For all", shared=True)
    invitation, link = accounts.invite(by=alice.memberships.get(), role=Role.MEMBER)
    ids = {
        "team": alice.memberships.get().team_id,
        "member": bob.memberships.get().pk,
        "invitation": invitation.pk,
        "token": link.rstrip("/").rsplit("/", 1)[1],
        "private": private.pk,
        "private_reply": private.messages.get(role=Author.ASSISTANT).pk,
        "shared": shared.pk,
        "shared_reply": shared.messages.get(role=Author.ASSISTANT).pk,
        "shared_question": shared.messages.get(role=Author.USER).pk,
        "nowhere": uuid4(),
    }
    people = [alice, anna, bob, victor, charlie, None]
    return House(dict(zip(PEOPLE, people, strict=True)), ids)


def answer_to(client: Client, route: Route, path: str) -> str:
    """The status, or "in" for a redirect to the sign-in page that comes back here."""
    response = client.generic(route.method, path) if route.method == "GET" else client.post(path, route.data)
    to_sign_in = response.status_code == 302 and response.url.startswith("/account/login/?next=")
    return "in" if to_sign_in else str(response.status_code)


@pytest.mark.django_db
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_a_route_answers_everybody_as_the_table_says(route: Route, house: House) -> None:
    path = route.path.format(**house.ids)
    answers = []
    for user in house.people.values():
        client = client_of(user)
        with transaction.atomic():
            answers.append(answer_to(client, route, path))
            transaction.set_rollback(True)  # each finds the house as it was
    assert dict(zip(PEOPLE, answers, strict=True)) == dict(zip(PEOPLE, route.answers, strict=True))


@pytest.mark.django_db
@pytest.mark.parametrize("route", [r for r in ROUTES if r.method == "POST"], ids=lambda route: route.path)
def test_a_link_cannot_do_what_needs_a_button(route: Route, house: House) -> None:
    if ("GET", route.name) not in {(other.method, other.name) for other in ROUTES}:
        response = client_of(house.people["alice"]).get(route.path.format(**house.ids))
        assert response.status_code == (302 if route.name == "set-language" else 405)


@pytest.mark.django_db
@pytest.mark.parametrize("route", [r for r in ROUTES if r.method == "POST"], ids=lambda route: route.path)
def test_no_other_site_can_press_a_button_for_somebody(route: Route, house: House) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(house.people["alice"])
    assert client.post(route.path.format(**house.ids), route.data).status_code == 403


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("path", "answers"), [way[1:] for way in WAYS_IN])
async def test_a_socket_answers_everybody_as_the_table_says(
    path: str, answers: list[str], house: House, look: Look
) -> None:
    found = [await look(user, path.format(**house.ids)) for user in house.people.values()]
    assert dict(zip(PEOPLE, [tab.way_in for tab in found], strict=True)) == dict(zip(PEOPLE, answers, strict=True))


def names_in(resolver: URLResolver, namespace: str = "") -> Iterator[str]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from names_in(entry, f"{namespace}{entry.namespace}:" if entry.namespace else namespace)
        elif isinstance(entry, URLPattern):
            assert entry.name, f"{entry.pattern} has no name"
            yield namespace + entry.name


def test_every_route_is_in_the_table_and_nothing_else() -> None:
    assert set(names_in(get_resolver())) == {route.name for route in ROUTES}


def test_every_socket_is_in_the_table_and_nothing_else() -> None:
    assert {str(socket.pattern) for socket in sockets} == {pattern for pattern, *_ in WAYS_IN}
