"""English or Chinese, light or dark: as the account says, and before that as the browser asks."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser import talk
from tests.browser.conftest import Visit
from tests.browser.engine import ScriptedEngine
from tests.browser.people import Site


@pytest.fixture
def profile(site: Site, bob: Page, script: ScriptedEngine) -> Page:
    bob.goto(f"{site.url}/settings/profile/")
    return bob


def save(page: Page, **choices: str) -> None:
    for name, value in choices.items():
        page.locator(f"[name={name}]").last.select_option(value)
    page.locator("main form .primary").click()
    expect(page.locator(".toast")).to_be_visible()


def test_a_person_chooses_chinese_and_the_chat_speaks_it(site: Site, profile: Page, script: ScriptedEngine) -> None:
    save(profile, language="zh-hans")
    try:
        expect(profile.locator("html")).to_have_attribute("lang", "zh-hans")
        profile.goto(f"{site.url}/chat/")
        script.script(tokens=400, tokens_per_s=20)
        box = profile.get_by_role("textbox", name="消息", exact=True)
        box.fill("你好")
        box.press("Enter")
        talk.has_begun(profile)
        profile.get_by_role("button", name="停止", exact=True).click()
        expect(talk.replies(profile, "stopped")).to_contain_text("已停止")  # said by the socket
        expect(profile.get_by_role("button", name="重新生成", exact=True)).to_be_visible()
        expect(profile.get_by_role("button", name="新对话", exact=True)).to_be_visible()
    finally:
        profile.goto(f"{site.url}/settings/profile/")
        save(profile, language="en")
    expect(profile.get_by_role("heading", name="Settings")).to_be_visible()


def test_a_stranger_is_addressed_as_the_browser_asks_and_may_choose(site: Site, visit: Visit) -> None:
    page = visit(site, locale="zh-CN")
    page.goto(f"{site.url}/account/login/")
    expect(page.get_by_role("button", name="登录", exact=True)).to_be_visible()
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_a_theme_is_chosen_in_the_menu_and_stays(site: Site, visit: Visit) -> None:
    page = visit(site, "Bob", color_scheme="light")
    page.goto(f"{site.url}/chat/")
    light = background(page)
    page.locator("summary", has_text="Account:").click()
    with page.expect_response("**/settings/theme/"):
        page.get_by_label("Dark").check(force=True)
    dark = background(page)
    page.reload()
    try:
        assert background(page) == dark != light
    finally:
        page.locator("summary", has_text="Account:").click()
        with page.expect_response("**/settings/theme/"):
            page.get_by_label("System").check(force=True)
    assert background(page) == light


def test_without_a_choice_the_theme_is_the_systems(site: Site, visit: Visit) -> None:
    colours = set()
    for scheme in ("light", "dark"):
        page = visit(site, color_scheme=scheme)
        page.goto(f"{site.url}/account/login/")
        colours.add(background(page))
    assert len(colours) == 2


def background(page: Page) -> str:
    colour: str = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    return colour
