"""What those who look on at a document hear: the text grows in its place, and only what is different is sent."""

import re
from typing import Any

import pytest
from channels.db import database_sync_to_async

from inference.fake import Fake, Script
from tests.webapp.viewers import Look, Tab
from tests.webapp.write import pages
from webapp.accounts.models import User
from webapp.chat import services as chat
from webapp.chat.models import Conversation
from webapp.generation.worker import Worker
from webapp.lib import markdown
from webapp.write import services
from webapp.write.selection import Selection

pytestmark = pytest.mark.django_db(transaction=True)
STORY = "# A story\n\n" + " ".join(f"word{number}" for number in range(60)) + "\n\n- **one**\n- two\n"


class Page:
    """What static/js/write.js makes of what it hears: the text's pieces as HTML, the growing one among them."""

    def __init__(self, tab: Tab, pieces: list[str]) -> None:
        self.tab, self.read = tab, 0
        self.pieces = pieces
        self.live: list[str] = []

    def look(self) -> None:
        for said in self.tab.heard[self.read :]:
            if isinstance(said, dict):
                self.hear(said)
        self.read = len(self.tab.heard)

    def hear(self, said: dict[str, Any]) -> None:
        if splice := said.get("splice"):
            start, remove, html = splice
            end = len(self.pieces) if remove is None else start + remove
            assert start <= end <= len(self.pieces)
            self.pieces[start:end] = html
        for op in said.get("ops", []):
            getattr(self, op["op"])(op)

    @property
    def at(self) -> int:
        return next(number for number, piece in enumerate(self.pieces) if 'class="live"' in piece)

    def reset(self, op: dict) -> None:
        self.live = []

    def block(self, op: dict) -> None:
        assert 0 <= op["block"] <= len(self.live)
        self.live[op["block"] : op["block"] + 1] = [op["html"]]

    def text(self, op: dict) -> None:
        self.live[op["block"]] += op["text"]

    def cut(self, op: dict) -> None:
        del self.live[op["blocks"] :]

    def note(self, op: dict) -> None:
        pass

    def settle(self, op: dict) -> None:
        at = self.at
        rest = [piece for piece in self.pieces[at + 1 :] if 'class="rest"' not in piece]
        self.pieces[at:] = [f'<div class="block">{html}</div>' for html in self.live] + rest

    @property
    def words(self) -> str:
        self.look()
        shown = [piece if 'class="live"' not in piece else "".join(self.live) for piece in self.pieces]
        return " ".join(re.sub(r"<[^>]+>", " ", "".join(shown)).split())


def as_blocks(text: str) -> list[str]:
    return [f'<div class="block">{html}</div>' for html in markdown.render(text)]


async def do(change: Any, *args: Any, **values: Any) -> Any:
    return await database_sync_to_async(change)(*args, **values)


async def sees(page: Page, text: str) -> None:
    """The page shows that text, in blocks that are rendered as if the page were loaded now."""

    def done() -> bool | None:
        page.look()
        return page.pieces == as_blocks(text) or None

    await page.tab.finds(done)


async def reads(page: Page, words: str) -> None:
    await page.tab.finds(lambda: words in page.words or None)


@pytest.fixture
def look_at(look: Look):
    async def open_tab(user: User, document: Conversation, shown: list[str], **options: Any) -> Page:
        address = f"/ws/write/{document.pk}/?language=en" + ("&edit=1" if options.pop("edit", False) else "")
        return Page(await look(user, address, **options), list(shown))

    return open_tab


def live(document: Conversation) -> str:
    return f'<div class="live" data-reply="{pages.version(document).message.pk}"></div>'


async def test_the_first_version_grows_to_its_end(alice: User, fake: Fake, worker: Worker, look_at: Any) -> None:
    fake.script = Script(text=STORY, tokens_per_s=30)
    document = await do(pages.begin, alice)
    page = await look_at(alice, document, [await do(live, document)])
    await reads(page, "A story word0 word1")
    await sees(page, STORY)
    assert await page.tab.hears_html('id="state"')
    assert sum("splice" in said for said in page.tab.heard if isinstance(said, dict)) == 0


async def test_a_changed_selection_grows_in_its_place(alice: User, fake: Fake, worker: Worker, look_at: Any) -> None:
    text = "# Title\n\nThe first paragraph, which stays.\n\nOf this one word changes, see.\n\n- The last\n- stays"
    fake.script = Script(text="a thing or two", tokens_per_s=20)
    document = await do(pages.write, alice, text)
    page = await look_at(alice, document, as_blocks(text))
    begin = text.index("one word")
    await do(pages.ask, document, "rewrite", selection=Selection(span=(begin, begin + 8)))
    await reads(page, "Of this a thing")
    await sees(page, text.replace("one word", "a thing or two"))
    sent = [said["splice"] for said in page.tab.heard if isinstance(said, dict) and "splice" in said]
    assert [(start, remove) for start, remove, _ in sent] == [(2, 1)]
    assert "stays" not in str(sent)


async def test_a_continuation_grows_at_the_end(alice: User, fake: Fake, worker: Worker, look_at: Any) -> None:
    fake.script = Script(text="and goes on, **boldly**.", tokens_per_s=20)
    document = await do(pages.write, alice, "One.\n\nIt starts")
    page = await look_at(alice, document, as_blocks("One.\n\nIt starts"))
    await do(pages.ask, document, "continue")
    await reads(page, "One. It starts and goes")
    await sees(page, "One.\n\nIt starts and goes on, **boldly**.")


async def test_who_comes_in_the_middle_sees_what_is_written_so_far(
    alice: User, bob: User, fake: Fake, worker: Worker, look_at: Any
) -> None:
    fake.script = Script(text=STORY, tokens_per_s=40)
    document = await do(pages.begin, alice)
    await do(chat.share, conversation=document, shared=True)
    first = await look_at(alice, document, [await do(live, document)])
    await reads(first, "word9")
    second = await look_at(bob, document, [await do(live, document)])
    await reads(second, "word9")
    assert second.words.startswith("A story word0")
    await do(chat.stop, conversation=document)
    stopped = await first.tab.hears_html('data-status="stopped"')
    assert "Stopped." in stopped
    text = await do(pages.text, document)
    assert "word9" in text
    await sees(first, text)
    await sees(second, text)


async def test_a_page_that_missed_the_end_is_drawn_anew(alice: User, look_at: Any) -> None:
    document = await do(pages.begin, alice)
    shown, revision = [await do(live, document)], (await do(pages.fresh, document)).revision
    await do(pages.answer, document, STORY)
    page = await look_at(alice, document, shown)
    await page.tab.say(revision=revision)
    await sees(page, STORY)
    assert 'data-status="done"' in await page.tab.hears_html('id="state"')


async def test_an_edit_by_a_colleague_sends_the_blocks_that_are_different(alice: User, bob: User, look_at: Any) -> None:
    document = await do(pages.write, alice, "One.\n\nTwo.\n\nThree.", shared=True)
    page = await look_at(alice, document, as_blocks("One.\n\nTwo.\n\nThree."))
    base = (await do(pages.version, document)).message.pk
    await do(services.save_edit, conversation=document, author=bob, base=base, text="One.\n\n2.\n\nThree.")
    await sees(page, "One.\n\n2.\n\nThree.")
    [splice] = [said["splice"] for said in page.tab.heard if isinstance(said, dict) and "splice" in said]
    assert splice[:2] == [1, 1]


async def test_an_editor_hears_who_changed_the_text_meanwhile(alice: User, bob: User, look_at: Any) -> None:
    document = await do(pages.write, alice, shared=True)
    page = await look_at(alice, document, [], edit=True)
    base = (await do(pages.version, document)).message.pk
    await do(services.save_edit, conversation=document, author=bob, base=base, text="Bob's.")
    said = await page.tab.hears(lambda said: isinstance(said, dict) and said.get("by") == "Bob")
    assert said["version"] != base
    assert not any("splice" in said for said in page.tab.heard)


async def test_a_failed_change_puts_the_text_back(alice: User, fake: Fake, worker: Worker, look_at: Any) -> None:
    from inference.fake.script import Failures

    document = await do(pages.write, alice)
    page = await look_at(alice, document, as_blocks(pages.THREE))
    fake.failures = Failures(status=400)
    await do(pages.ask, document, "shorten")
    assert "The engine refused the request." in await page.tab.hears_html('data-status="failed"')
    await sees(page, pages.THREE)


async def test_who_may_no_longer_read_is_sent_away(alice: User, bob: User, look_at: Any) -> None:
    document = await do(pages.write, alice, shared=True)
    page = await look_at(bob, document, as_blocks(pages.THREE))
    await do(chat.share, conversation=document, shared=False)
    assert await page.tab.is_closed() == 4404


async def test_what_is_added_to_a_page_is_in_the_page_s_language(alice: User, look: Look) -> None:
    document = await do(pages.write, alice)
    tab = await look(alice, f"/ws/write/{document.pk}/?language=zh-hans")
    base = (await do(pages.version, document)).message.pk
    await do(services.save_edit, conversation=document, author=alice, base=base, text="New.")
    assert "复制" in await tab.hears_html('id="tools"')
