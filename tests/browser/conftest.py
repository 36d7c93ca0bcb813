"""Chromium, and two products for it to look at: one with the real engine, one with an engine that follows a script."""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from tests.browser.engine import ScriptedEngine
from tests.browser.people import Site, gather
from tests.engine import Engine
from tests.launch.product import Product, installed

PATIENCE_MS = 30_000
Visit = Callable[..., Page]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One for the package, not the session: as long as it lives no other event loop may run in this thread."""
    program = shutil.which("chromium")
    if not program:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("There is no chromium: apt-get install chromium.")
    arguments = ["--disable-gpu", "--disable-background-networking", *(["--no-sandbox"] if os.getuid() == 0 else [])]
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def real_site(engine: Engine) -> Iterator[Product]:
    """A fresh install whose engine is the real one; nobody has an account yet."""
    with installed(INFERENCE_URL=engine.url, INFERENCE_API_KEY=engine.api_key) as product:
        product.start_to_page()
        yield product


@pytest.fixture(scope="package")
def _scripted() -> Iterator[ScriptedEngine]:
    engine = ScriptedEngine()
    yield engine
    engine.kill()


@pytest.fixture(scope="package")
def site(_scripted: ScriptedEngine, browser: Browser) -> Iterator[Site]:
    """An install whose engine says what a test tells it to, and where the cast have their accounts."""
    with installed(INFERENCE_URL=_scripted.url) as product:
        product.start_to_page()
        yield gather(browser, product)


@pytest.fixture
def script(_scripted: ScriptedEngine) -> Iterator[ScriptedEngine]:
    """The engine of `site`, which echoes until it is told otherwise."""
    yield _scripted
    if _scripted.process.poll() is not None:
        _scripted.start()
    _scripted.script()
    _scripted.fail(times=0)


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """visit(site, "Alice", …) is a page of a browser in which she is signed in; "" is nobody. What else is given goes
    to Playwright's new_context. The test fails when a script of a page failed, or broke the security policy."""
    contexts, troubles = [], []

    def hear(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            troubles.append(message.text)

    def open_page(site: Site, name: str = "", **options: Any) -> Page:
        context = browser.new_context(storage_state=site.people.get(name), **options)
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        context.on("console", hear)
        context.on("weberror", lambda error: troubles.append(str(error.error)))
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()
    assert troubles == []


@pytest.fixture
def alice(site: Site, script: ScriptedEngine, visit: Visit) -> Page:
    return visit(site, "Alice")


@pytest.fixture
def bob(site: Site, visit: Visit) -> Page:
    return visit(site, "Bob")
