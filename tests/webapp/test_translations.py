"""Who asks for Chinese reads Chinese: on every page, in what goes wrong, and in the mails."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.utils import timezone, translation
from django.views.defaults import server_error

from tests.webapp.people import PASSWORD, client_of
from webapp.accounts import services
from webapp.accounts.models import Invitation, Role
from webapp.chat.models import Conversation, Message
from webapp.chat.models import Role as Author
from webapp.generation.models import Failure, Generation, Status, Waiting

SILENT = re.compile(r"#[\w .\-]*|[\w:/.#?=&\[\]\-]*")  # a data attribute for scripts: a selector, an address, a name
SPOKEN = {"aria-label", "title", "placeholder", "alt", "hx-confirm"}
NAMES = "Colloquy Alice Anna Bob Victor Charlie Aurora Borealis English Cookie token a-model colloquy".split()
NAMES += "Markdown JSON JSONL CSV TSV ChatGPT OpenAI API Ctrl Shift Enter Esc Alt Tab UTF-8 GB GPU".split()
NAMES += "Python SQL HTML ZIP Ollama txt md jsonl json".split()
NAMES += ["conversations.json", "Top p", "Language · 语言", "python manage.py link", "INFERENCE_API_KEY"]
ADDRESS = r"https?://\S+|[\w.+-]+@[\w.-]+"


Page = tuple[str, Any]


@pytest.fixture
def alice(alice):
    """With a password, or else she could not change it."""
    alice.set_password(PASSWORD)
    alice.save()
    return alice


class Words(HTMLParser):
    """Collects what a person reads or hears of a page: its text, and the attributes that carry sentences."""

    def __init__(self) -> None:
        super().__init__()
        self.language: str | None = None
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if tag == "html" and name == "lang":
                self.language = value
            silent = name == "data-key" or (value and value.islower() and SILENT.fullmatch(value))
            spoken = name.startswith("data-") and not silent
            if value and (spoken or name in SPOKEN):
                self.found.append(value)

    def handle_data(self, data: str) -> None:
        self.found.append(data)


def words_of(response: Any) -> Words:
    words = Words()
    words.feed(response.content.decode())
    return words


def english_in(sentences: list[str]) -> list[str]:
    """Those that hold a Latin word which is neither an address nor a name."""
    names = rf"{ADDRESS}|(?<![A-Za-z])(?:{'|'.join(map(re.escape, NAMES))})(?![A-Za-z])"
    return [text.strip() for text in sentences if re.search("[A-Za-z]{2,}", re.sub(names, "", text))]


def chinese(user=None) -> Client:
    client = client_of(user)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "zh-CN,zh;q=0.9,en;q=0.8"
    return client


def path_of(link: str) -> str:
    return "/" + link.split("/", 3)[3]


def invitation_for(owner, email: str = "") -> str:
    _invitation, link = services.invite(by=owner.memberships.get(), role=Role.MEMBER, email=email)
    return path_of(link)


def lapsed_invitation(team) -> str:
    invitation, token = Invitation.issue(team=team, role=Role.MEMBER)
    Invitation.objects.filter(pk=invitation.pk).update(expires_at=timezone.now())
    return f"/join/{token}/"


def conversation_of(alice, team) -> Conversation:
    """With a reply in every state that a page can show, and a message of somebody who left."""
    conversation = Conversation.objects.create(team=team, author=alice, title="狐狸的故事", shared=True)
    timing = {"text": "好。", "completion_tokens": 12, "first_token_ms": 850, "writing_ms": 400}
    asked = said(conversation, None, alice)
    replied(conversation, asked, status=Status.DONE, **timing)
    last = replied(conversation, asked, status=Status.DONE, finish_reason="length", turns_left_out=2, **timing)
    for failure in [failure for failure in Failure if failure]:
        last = replied(conversation, said(conversation, last, alice), status=Status.FAILED, failure=failure)
    last = replied(conversation, said(conversation, last, None), status=Status.STOPPED, text="好")
    last = replied(conversation, said(conversation, last, alice), status=Status.QUEUED, waiting=Waiting.ENGINE)
    conversation.leaf = said(conversation, last, alice, waiting=True)
    conversation.save()
    return conversation


def said(conversation: Conversation, parent: Message | None, author, **fields) -> Message:
    return Message.objects.create(
        conversation=conversation, parent=parent, role=Author.USER, author=author, content="然后呢？", **fields
    )


def replied(conversation: Conversation, parent: Message, **fields) -> Message:
    generation = Generation.objects.create(channel=conversation.channel, model="a-model", prompt=[], **fields)
    return Message.objects.create(
        conversation=conversation, parent=parent, role=Author.ASSISTANT, generation=generation
    )


def entrance_pages(alice, team) -> Iterator[Page]:
    stranger, invited, first = chinese(), chinese(), chinese()
    link = invitation_for(alice)
    yield "an invitation", invited.get(link)
    for path in ("/account/login/", "/account/signup/"):
        yield f"{path} with an invitation", invited.get(path)
    Invitation.objects.filter(team=team).update(accepted_at=timezone.now())
    for path in (link, lapsed_invitation(team), "/join/none/", "/nowhere/", "/account/login/", "/account/signup/"):
        yield path, stranger.get(path)
    for path in ("reset/", "reset/done/", "reset/key/done/", "reset/key/1-abc-def/"):
        yield path, stranger.get(f"/account/password/{path}")
    yield "inactive", stranger.get("/account/inactive/")
    _invitation, token = Invitation.issue(role=Role.OWNER)
    yield "the first run", first.get(f"/join/{token}/", follow=True)


def pages_inside(alice, bob, victor, charlie, team) -> Iterator[Page]:
    owner, viewer, outsider = chinese(alice), chinese(victor), chinese(charlie)
    conversation = conversation_of(alice, team)
    invitation_for(alice), invitation_for(alice, "dora@example.com")
    chat = f"/chat/{conversation.pk}/"
    for path in ("/chat/", chat, "/chat/list/", "/settings/profile/", "/settings/password/", "/settings/team/"):
        yield path, owner.get(path)
    for room in ("write", "translate", "ask", "analyze", "runs", "runs/new"):
        yield f"/{room}/", owner.get(f"/{room}/")
    for path in ("/settings/endpoints/", "/settings/conversations/", "/chat/options/", "/shortcuts/"):
        yield path, owner.get(path)
    for path in ("/teams/new/", "/account/logout/", "/nowhere/"):
        yield path, owner.get(path)
    for path in ("/chat/", chat, "/settings/team/", "/settings/password/set/"):
        yield f"{path} as a viewer", viewer.get(path)
    yield "a refusal", viewer.post(f"/teams/{team.pk}/name/", {"team_name": "x"})
    yield "another's invitation", outsider.get(invitation_for(alice, "dora@example.com"))
    yield "an invitation", outsider.get(invitation_for(alice))
    yield "a link made", owner.post(f"/teams/{team.pk}/invitations/", {"role": "member"})
    member = bob.memberships.get()
    yield "a reset link", owner.post(f"/members/{member.pk}/reset-link/")
    yield "a profile saved", owner.post("/settings/profile/", {"name": "Alice"}, follow=True)
    yield "signed out", owner.post("/account/logout/", follow=True)
    yield "signed in", owner.post("/account/login/", {"login": alice.email, "password": PASSWORD}, follow=True)
    charlie.memberships.all().delete()
    yield "no team", outsider.get("/teams/none/")
    yield "no team's chat", outsider.get("/chat/", follow=True)


def refusals(alice, team) -> Iterator[Page]:
    stranger, owner = chinese(), chinese(alice)
    yield "a wrong password", stranger.post("/account/login/", {"login": "a@b.cd", "password": "x"})
    for password in ("kurz", "password", "", "dora1@example.com"):
        form = {"name": "x" * 81, "email": "dora1@example.com", "password1": password}
        stranger.get(invitation_for(alice))
        yield f"signing up with {password!r}", stranger.post("/account/signup/", form)
    for email in ("dora@", "", alice.email, f"{'a' * 64}@{'b.' * 100}example.com"):
        form = {"name": "多拉", "email": email, "password1": "correct horse"}
        yield f"signing up as {email!r}", stranger.post("/account/signup/", form)
    yield "/teams/new/", owner.post("/teams/new/", {"team_name": ""})
    yield "/settings/profile/", owner.post("/settings/profile/", {"theme": "红"})
    yield "/chat/", owner.post("/chat/", {"text": " "})
    yield "a long message", owner.post("/chat/", {"text": "好" * 50_001})
    invite = f"/teams/{team.pk}/invitations/"
    yield invite, owner.post(invite, {"role": "国王", "email": "dora"})
    yield "a member invited", owner.post(invite, {"role": "member", "email": alice.email})
    form = {"oldpassword": "x", "password1": "y"}
    yield "/settings/password/", owner.post("/settings/password/", form)
    yield "leaving", owner.post(f"/teams/{team.pk}/leave/", follow=True)
    yield "an old form", Client(enforce_csrf_checks=True, headers={"accept-language": "zh-CN"}).post("/chat/")


def assert_chinese(pages: Iterator[Page]) -> None:
    for name, response in pages:
        words = words_of(response)
        assert words.found, f"{name} is an empty page"
        assert english_in(words.found) == [], name
        assert words.language in ("zh-hans", None), name  # None: a part of a page


@pytest.mark.django_db
def test_the_pages_of_the_entrance_are_chinese(alice, team):
    assert_chinese(entrance_pages(alice, team))


@pytest.mark.django_db
def test_the_pages_inside_are_chinese(alice, bob, victor, charlie, team):
    assert_chinese(pages_inside(alice, bob, victor, charlie, team))


@pytest.mark.django_db
def test_what_is_refused_is_refused_in_chinese(alice, team):
    assert_chinese(refusals(alice, team))


def test_the_page_for_our_own_faults_is_chinese():
    with translation.override("zh-hans"):
        assert_chinese(iter([("500", server_error(RequestFactory().get("/")))]))


@pytest.mark.django_db
@pytest.mark.parametrize("email", ["alice@example.com", "nobody@example.com"])
def test_mails_are_chinese(alice, settings, mailoutbox, email):
    settings.EMAIL_HOST = "mail.example.com"
    chinese().post("/account/password/reset/", {"email": email})
    assert english_in([mailoutbox[0].subject, mailoutbox[0].body]) == []


@pytest.mark.django_db
def test_the_reader_of_pages_would_find_english(alice):
    """So that the tests above cannot pass by looking at nothing."""
    found = english_in(words_of(client_of(alice).get("/chat/")).found)
    assert {"New chat", "Write a message…", "Skip to content", "Dismiss", "What can I help with?"} <= set(found)


@pytest.mark.django_db
def test_outside_checks_find_the_composer_by_its_chinese_names(alice, team):
    html = chinese(alice).get(f"/chat/{conversation_of(alice, team).pk}/").content.decode()
    for name in ("消息", "发送", "停止", "重新生成"):
        assert f'aria-label="{name}"' in html
    assert re.search(r"<button[^>]*>(<svg.*?</svg>)?新对话</button>", html)
