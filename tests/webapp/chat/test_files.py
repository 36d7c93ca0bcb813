"""Conversations out of the house and back in: exports, our own file, ChatGPT's, and files that are something else."""

import io
import json
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from tests.webapp.chat import talk
from tests.webapp.people import client_of
from webapp.chat import import_services, importing, keeping, search, services
from webapp.chat.models import Conversation, Feedback, FileFailure, Import, ImportPart, Message, Progress
from webapp.generation.models import Generation, Status
from webapp.launch.tasks import catch_up, forget_what_lapsed

pytestmark = pytest.mark.django_db
PAGE = "/settings/conversations/"


def bring(user, data: bytes | dict | list, name: str = "conversations.json") -> Import:
    """That file, brought to the page and read by a worker."""
    content = data if isinstance(data, bytes) else json.dumps(data).encode()
    assert client_of(user).post(PAGE, {"file": SimpleUploadedFile(name, content)}).url == PAGE
    found = Import.objects.latest("created_at")
    import_services.read_file(str(found.pk))
    found.refresh_from_db()
    assert not found.active
    assert not ImportPart.objects.exists()
    return found


def exported(user, conversation) -> dict[str, Any]:
    return client_of(user).get(f"/chat/{conversation.pk}/export/json/").json()


def archive(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in files.items():
            made.writestr(f"{name}.json", data)
    return out.getvalue()


def theirs(**more: Any) -> dict[str, Any]:
    """A conversation as ChatGPT exports it: a system message, a question, a tool's call, two answers."""

    def node(key: str, parent: str | None, children: list[str], role: str = "", text: str = "", **message: Any) -> dict:
        said = {"author": {"role": role}, "content": {"content_type": "text", "parts": [text]}, "create_time": 1.7e9}
        return {"id": key, "parent": parent, "children": children, "message": {**said, **message} if role else None}

    mapping = {
        "root": node("root", None, ["sys"]),
        "sys": node("sys", "root", ["q"], "system", "hidden"),
        "q": node("q", "sys", ["call", "b"], "user", "What is a fox?"),
        "call": node("call", "q", ["a"], "assistant", "search(fox)", recipient="browser"),
        "a": node("a", "call", [], "assistant", "An animal.", metadata={"model_slug": "gpt-4o"}),
        "b": node("b", "q", [], "assistant", "A red\u0000 animal."),
    }
    found = {"title": "Foxes", "create_time": 1.7e9, "update_time": 1.7e9 + 60, "mapping": mapping}
    return {**found, "current_node": "a", "conversation_id": "c-1", **more}


def test_markdown_holds_the_path_that_is_shown(alice, conversation):
    _question, left = talk.exchange(conversation, "# Not a heading\nof ours", "Left out")
    services.regenerate(reply=left)
    talk.end(conversation, "**Shown**")
    services.rename(conversation=conversation, title='Foxes: a "study" / 狐狸')
    answer = client_of(alice).get(f"/chat/{conversation.pk}/export/md/")
    text = answer.content.decode()
    assert text.startswith('# Foxes: a "study" / 狐狸\n')
    assert "## Alice\n\n> # Not a heading\n> of ours\n" in text
    assert "**Shown**" in text
    assert "Left out" not in text
    assert "filename*=utf-8''Foxes%20a%20study%20%E7%8B%90%E7%8B%B8.md" in answer["Content-Disposition"]


def test_an_export_holds_everything_and_comes_back_whole(alice, bob, shared):
    _question, first = talk.exchange(shared, "Which fruit?", "A pear")
    generation = first.generation
    generation.completion_tokens, generation.finish_reason = 3, "length"
    generation.save()
    Feedback.objects.create(message=first, author=alice, thumb=1, correction="A **pear**")
    Feedback.objects.create(message=first, author=bob, thumb=-1)
    services.regenerate(reply=first)
    talk.end(shared, "An apple", Status.STOPPED)
    talk.ask(shared, "Mine is a plum", bob)
    talk.end(shared, "Good")
    file = exported(alice, shared)
    assert (file["format"], file["version"]) == ("colloquy", 1)
    for found in Conversation.objects.all():
        keeping.delete(conversation=found)
        keeping.purge(conversation=found)
    assert bring(alice, file).imported == 1
    back = Conversation.objects.get()
    assert (str(back), back.author, back.shared) == ("Which fruit?", alice, False)
    assert talk.shown(back) == ["Which fruit?", "An apple", "Mine is a plum", "Good"]
    pear = Generation.objects.get(text="A pear")
    assert (pear.completion_tokens, pear.finish_reason, pear.status) == (3, "length", Status.DONE)
    assert list(Feedback.objects.values_list("author", "thumb", "correction")) == [(alice.pk, 1, "A **pear**")]
    assert list(Message.objects.filter(role="user").order_by("pk").values_list("author", flat=True)) == [alice.pk, None]
    again = exported(alice, back)["conversations"][0]
    for was, now in zip(file["conversations"][0]["messages"], again["messages"], strict=True):
        assert (was["text"], was["role"], was["created_at"]) == (now["text"], now["role"], now["created_at"])
    assert [hit.message_id for hit in search.find(alice, back.team, "plum")] == [
        Message.objects.get(content="Mine is a plum").pk
    ]


def test_what_is_here_already_is_not_doubled_and_what_was_deleted_comes_back(alice, anna, conversation):
    talk.exchange(conversation, "Hello", "Hi")
    file = exported(alice, conversation)
    assert [(one.imported, one.known) for one in (bring(alice, file), bring(alice, [theirs(), theirs()]))] == [
        (0, 1),
        (1, 1),
    ]
    assert bring(alice, [theirs()]).known == 1
    imported = Conversation.objects.exclude(origin="").get()
    keeping.delete(conversation=imported)
    assert bring(alice, [theirs()]).imported == 1
    assert Conversation.objects.get(pk=imported.pk).deleted_at is None
    assert bring(anna, file).imported == bring(anna, [theirs()]).imported == 1  # her own
    assert Conversation.objects.count() == 4


@pytest.mark.parametrize("packed", [False, True])
def test_chatgpts_export_keeps_its_branches_and_hides_what_it_hid(alice, packed):
    data = json.dumps([theirs(), theirs(conversation_id="c-2", title=None)]).encode()
    file = archive(conversations=data, user=b"{}") if packed else data
    assert bring(alice, file, "export.zip" if packed else "conversations.json").imported == 2
    first, second = (
        Conversation.objects.order_by("pk").filter(title="Foxes").get(),
        Conversation.objects.exclude(title="Foxes").get(),
    )
    assert talk.shown(first) == ["What is a fox?", "An animal."]
    assert Generation.objects.filter(text="An animal.", model="gpt-4o").exists()
    assert sorted(m.text for m in first.messages.filter(role="assistant")) == ["A red animal.", "An animal."]
    assert str(second) == "What is a fox?"
    assert first.created_at.year == 2023
    client = client_of(alice)
    assert "An animal." in client.get(f"/chat/{first.pk}/").content.decode()
    talk.ask(first, "And a wolf?")  # it goes on
    assert talk.end(first, "Grey.").text == "Grey."


@pytest.mark.parametrize(
    ("data", "failure"),
    [
        (b"hello", FileFailure.NOT_JSON),
        (b"\x89PNG\r\n", FileFailure.NOT_JSON),
        (b"{}", FileFailure.FOREIGN),
        (b"[1]", FileFailure.FOREIGN),
        (b'[{"title": "x"}]', FileFailure.FOREIGN),
        (b'{"format": "colloquy", "version": 2, "conversations": []}', FileFailure.NEWER),
        (b'{"format": "colloquy", "version": 1, "conversations": [', FileFailure.DAMAGED),
        (b"[\xff\xfe", FileFailure.DAMAGED),
        (b"PK\x03\x04 and no more", FileFailure.DAMAGED),
        (archive(photos=b"{}"), FileFailure.NOTHING),
        (archive(conversations=b"[]")[:-30], FileFailure.DAMAGED),
        (b"[" * 100_000, FileFailure.DAMAGED),
    ],
)
def test_a_file_that_is_something_else_is_refused_with_a_sentence(alice, data, failure):
    found = bring(alice, data)
    assert (found.status, found.failure) == (Progress.FAILED, failure)
    assert str(found.get_failure_display()) in client_of(alice).get(PAGE).content.decode()
    assert not Conversation.objects.exists()


def test_what_came_before_the_damage_is_kept(alice):
    found = bring(alice, json.dumps([theirs(), theirs(conversation_id="c-2")]).encode()[:-40])
    assert (found.failure, found.imported) == (FileFailure.DAMAGED, 1)


def test_one_bad_conversation_does_not_keep_the_others_out(alice):
    bad = [theirs(mapping={}), theirs(mapping=[1]), theirs(mapping={"a": {"message": {"author": 3}}}, title="Odd")]
    found = bring(alice, [*bad, theirs()])
    assert (found.status, found.imported, found.refused) == (Progress.DONE, 1, 3)
    page = client_of(alice).get(PAGE).content.decode()
    assert "Foxes: It holds no messages." in page
    assert "Odd: It is damaged." in page


def test_circles_loose_ends_and_long_chains_are_read(alice):
    circle = theirs(current_node="nowhere")
    circle["mapping"]["a"]["children"] = ["q", "nobody"]
    long: dict[str, Any] = {}
    for number in range(3000):
        message = {"author": {"role": "user"}, "content": {"content_type": "text", "parts": [f"n{number}"]}}
        parent = str(number - 1) if number else None
        long[str(number)] = {"parent": parent, "children": [str(number + 1)], "message": message}
    found = bring(alice, [circle, theirs(conversation_id="long", mapping=long, current_node="2999")])
    assert found.imported == 2
    deep = Conversation.objects.get(origin="chatgpt:long")
    assert deep.messages.count() == 3000
    assert talk.shown(deep)[-1] == "n2999"


def test_what_an_archive_may_unpack_to_is_bounded(alice, monkeypatch):
    monkeypatch.setattr(importing, "LARGEST_UNPACKED", 1_000_000)
    bomb = archive(conversations=b"[" + b" " * 20_000_000 + b"]")
    assert len(bomb) < 100_000
    assert bring(alice, bomb).failure == FileFailure.TOO_LARGE


def test_an_archive_of_a_million_files_is_not_opened(alice, monkeypatch):
    monkeypatch.setattr(importing, "LARGEST_DIRECTORY", 1000)
    assert bring(alice, archive(**{f"file{number}": b"" for number in range(50)})).failure == FileFailure.TOO_LARGE


def test_a_file_that_is_too_large_or_empty_is_refused_at_once(alice, monkeypatch):
    client = client_of(alice)
    monkeypatch.setattr(importing, "LARGEST_FILE", 10)
    page = client.post(PAGE, {"file": SimpleUploadedFile("a.json", b"x" * 11)}, follow=True).content.decode()
    assert "The file is larger than" in page
    for data in ({}, {"file": SimpleUploadedFile("a.json", b"")}):
        assert "Choose a file that is not empty." in client.post(PAGE, data, follow=True).content.decode()
    assert not Import.objects.exists()


def test_an_imported_file_asks_no_worker_for_anything_and_chooses_no_endpoint(alice, conversation):
    talk.exchange(conversation, "Hello", "Hi")
    file = exported(alice, conversation)
    found = file["conversations"][0]
    found |= {
        "id": "00000000-0000-4000-8000-000000000000",
        "options": {"endpoint": 1, "model": "x", "system": "Be kind"},
    }
    found["messages"][1]["generation"]["status"] = "queued"
    assert bring(alice, file).imported == 1
    assert Conversation.objects.exclude(origin="").get().options == {"system": "Be kind"}
    assert not Generation.objects.filter(status__in=("queued", "streaming")).exists()


def test_a_file_is_read_once_however_often_a_worker_hears_of_it(alice):
    found = bring(alice, [theirs()])
    import_services.read_file(str(found.pk))
    found.refresh_from_db()
    assert (found.imported, found.known) == (1, 0)


def test_a_viewer_brings_nothing(victor):
    assert client_of(victor).post(PAGE, {"file": SimpleUploadedFile("a.json", b"[]")}).status_code == 403
    assert 'type="file"' not in client_of(victor).get(PAGE).content.decode()


def test_a_file_of_which_no_worker_heard_is_read_when_it_catches_up(alice):
    client_of(alice).post(PAGE, {"file": SimpleUploadedFile("a.json", json.dumps([theirs()]).encode())})
    catch_up()
    assert Import.objects.get().status == Progress.QUEUED  # a moment ago: its worker is on the way
    Import.objects.update(created_at=timezone.now() - timedelta(minutes=2))
    catch_up()
    assert (Import.objects.get().status, Conversation.objects.count()) == (Progress.DONE, 1)


def test_what_a_worker_left_behind_is_said_to_have_broken_off(alice):
    client_of(alice).post(PAGE, {"file": SimpleUploadedFile("a.json", b"[]")})
    Import.objects.update(status=Progress.RUNNING, updated_at=timezone.now() - timedelta(hours=1))
    forget_what_lapsed()
    assert "The import broke off." in client_of(alice).get(PAGE).content.decode()
    assert not ImportPart.objects.exists()
