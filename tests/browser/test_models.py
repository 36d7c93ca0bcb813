"""Choosing who answers and how: endpoints that an admin adds, the list of models, the options."""

from collections.abc import Iterator

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from tests.browser import talk
from tests.browser.conftest import Visit
from tests.browser.engine import ScriptedEngine
from tests.browser.people import Site


@pytest.fixture
def other() -> Iterator[ScriptedEngine]:
    """A further server, as strict as OpenAI's."""
    engine = ScriptedEngine()
    engine.kill()
    engine.start("--strict", "--model", "other-1")
    yield engine
    engine.kill()


@pytest.fixture
def added(site: Site, alice: Page, other: ScriptedEngine) -> Iterator[ScriptedEngine]:
    """The same, once Alice has added it."""
    alice.goto(f"{site.url}/settings/profile/")
    alice.get_by_role("link", name="Endpoints").click()
    alice.get_by_label("Name", exact=True).fill("GPU box")
    alice.get_by_label("Address").fill(f"{other.url}/v1")
    alice.get_by_role("button", name="Test and add").click()
    expect(alice.get_by_text("The server answers and lists 1 model.")).to_be_visible()
    where = alice.url
    yield other
    alice.goto(f"{site.url}/chat/")
    models(alice).select_option("/colloquy")
    alice.goto(where)
    alice.get_by_text("I want to remove GPU box").click()
    alice.get_by_role("button", name="Remove the endpoint").click()
    expect(alice.get_by_text("The endpoint is removed.")).to_be_visible()


def models(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Model")


def open_options(page: Page) -> Locator:
    page.locator("#picker").get_by_role("link", name="Options").click()
    dialog = page.get_by_role("dialog", name="Options")
    expect(dialog.get_by_label("System prompt")).to_be_focused()
    return dialog


def last_request(engine: ScriptedEngine) -> dict:
    return httpx.get(f"{engine.url}/fake/stats").raise_for_status().json()["last_request"]


def findings(page: Page) -> str:
    return str(Axe().run(page).generate_report())


def test_a_model_of_an_endpoint_answers_and_is_remembered(site: Site, alice: Page, added: ScriptedEngine) -> None:
    alice.goto(f"{site.url}/chat/")
    expect(alice.get_by_text("stays on your team’s own machine")).to_be_visible()
    models(alice).focus()
    models(alice).select_option("other-1")
    expect(alice.get_by_text("Messages go to GPU box.")).to_be_visible()
    expect(alice.get_by_text("stays on your team’s own machine")).to_be_hidden()
    expect(models(alice)).to_be_focused()
    talk.write(alice, "Who are you?")
    alice.wait_for_url(talk.CONVERSATION)
    assert talk.wait_for_reply(alice) == "You wrote: Who are you?"
    expect(talk.replies(alice).locator(".message-who")).to_contain_text("other-1")
    assert added.count("requests") >= 1  # it is also asked for a title
    alice.goto(f"{site.url}/chat/")
    expect(models(alice).locator("option:checked")).to_have_text("other-1")
    models(alice).select_option("colloquy · built-in demonstration model")
    expect(alice.get_by_text("Messages go to GPU box.")).to_be_hidden()


def test_a_colleague_sees_at_once_which_model_is_chosen_and_when_it_is_gone(
    site: Site, alice: Page, bob: Page, added: ScriptedEngine
) -> None:
    address = talk.start(alice, site.url, "Ours")
    talk.wait_for_reply(alice)
    talk.share(alice)
    bob.goto(address)
    expect(models(bob).locator("option:checked")).to_contain_text("colloquy")
    models(alice).select_option("other-1")
    expect(models(bob).locator("option:checked")).to_have_text("other-1")
    other_tab = alice.context.new_page()
    other_tab.goto(f"{site.url}/settings/endpoints/")
    other_tab.get_by_role("link", name="GPU box").click()
    other_tab.get_by_label("other-1").uncheck()
    other_tab.get_by_role("button", name="Save").click()
    expect(other_tab.get_by_text("The endpoint is saved.")).to_be_visible()
    alice.reload()
    expect(alice.get_by_text("other-1 is on offer no more: colloquy answers.")).to_be_visible()
    talk.write(alice, "Still there?")
    assert talk.wait_for_reply(alice, count=2) == "You wrote: Still there?"
    expect(talk.replies(alice).last.locator(".message-who")).to_contain_text("colloquy")
    models(alice).select_option("colloquy · built-in demonstration model")
    expect(alice.get_by_text("is on offer no more")).to_be_hidden()


def test_options_are_set_in_a_dialog_and_reach_the_engine(site: Site, alice: Page, script: ScriptedEngine) -> None:
    talk.start(alice, site.url, "Hello")
    talk.wait_for_reply(alice)
    dialog = open_options(alice)
    dialog.get_by_label("System prompt").fill("Be brief.")
    dialog.get_by_label("Temperature").fill("3")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_text("The temperature is a number from 0 to 2, such as 0.7.")).to_be_visible()
    expect(dialog.get_by_label("Temperature")).to_be_focused()
    expect(dialog.get_by_label("System prompt")).to_have_value("Be brief.")
    dialog.get_by_label("Temperature").fill("0.2")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()
    expect(alice.get_by_text("The options are saved.")).to_be_visible()
    talk.write(alice, "And now?")
    talk.wait_for_reply(alice, count=2)
    asked = last_request(script)
    assert (asked["temperature"], asked["messages"][0]) == (0.2, {"role": "system", "content": "Be brief."})
    dialog = open_options(alice)
    expect(dialog.get_by_label("Temperature")).to_have_value("0.2")
    dialog.get_by_role("button", name="Reset all").click()
    expect(dialog).to_be_hidden()
    talk.write(alice, "And again?")
    talk.wait_for_reply(alice, count=3)
    assert "temperature" not in last_request(script)


def test_a_viewer_sees_the_options_and_cannot_change_them(site: Site, alice: Page, visit: Visit) -> None:
    address = talk.start(alice, site.url, "Look, Victor")
    talk.wait_for_reply(alice)
    talk.share(alice)
    victor = visit(site, "Victor")
    victor.goto(address)
    victor.get_by_role("link", name="Model and options").click()
    dialog = victor.get_by_role("dialog", name="Options")
    expect(dialog.get_by_text("You may see its options, but not change them.")).to_be_visible()
    expect(dialog.get_by_label("Temperature")).to_be_disabled()
    expect(dialog.get_by_role("button", name="Save")).to_have_count(0)
    assert findings(victor).startswith("Found 0 ")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_about_endpoints_and_options(site: Site, visit: Visit, added: ScriptedEngine, scheme) -> None:
    page = visit(site, "Alice", color_scheme=scheme)
    page.goto(f"{site.url}/settings/endpoints/")
    assert findings(page).startswith("Found 0 ")
    page.get_by_label("Name", exact=True).fill("Nowhere")
    page.get_by_label("Address").fill("http://127.0.0.1:9")
    page.get_by_role("button", name="Test and add").click()
    expect(page.get_by_text("No server answers there.")).to_be_visible()
    assert findings(page).startswith("Found 0 ")
    page.get_by_role("link", name="GPU box").click()
    assert findings(page).startswith("Found 0 ")
    page.goto(f"{site.url}/chat/")
    dialog = open_options(page)
    dialog.get_by_label("Seed").fill("x")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_text("A seed is a whole number")).to_be_visible()
    assert findings(page).startswith("Found 0 ")


def test_on_a_phone_the_options_fit_and_without_script_they_are_a_page(site: Site, visit: Visit) -> None:
    phone = visit(site, "Alice", viewport={"width": 390, "height": 844}, has_touch=True)
    phone.goto(f"{site.url}/chat/")
    dialog = open_options(phone)
    assert dialog.evaluate("dialog => dialog.scrollWidth <= dialog.clientWidth")
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    plain = visit(site, "Alice", java_script_enabled=False)
    plain.goto(f"{site.url}/chat/")
    plain.get_by_role("link", name="Options").click()
    plain.get_by_label("Seed").fill("5")
    plain.get_by_role("button", name="Save").click()
    expect(plain.get_by_text("The options are saved.")).to_be_visible()
    plain.goto(f"{site.url}/chat/options/")
    expect(plain.get_by_label("Seed")).to_have_value("5")
    plain.get_by_role("button", name="Reset all").click()
    expect(plain.get_by_text("The options are saved.")).to_be_visible()
