"""What a model writes, as the page shows it."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser import talk
from tests.browser.conftest import Visit
from tests.browser.engine import ScriptedEngine
from tests.browser.people import Site

RICH = """\
## A heading

Some **bold** and *slanted* words, `code`, and [a link](https://example.org/page).

- one
- two
  1. inside

| Name | Age |
|------|-----|
| Ada  | 36  |

```python
def hello(name):
    return f"<b>{name}</b>"
```

<script>window.broken = true</script>
<img src=x onerror="window.broken = true">

![a picture](https://tracker.example/pixel.png)

[danger](javascript:alert(1)) and $a^2 + b^2$.
"""


@pytest.fixture(params=["at once", "growing"])
def page(request: pytest.FixtureRequest, site: Site, script: ScriptedEngine, visit: Visit) -> Page:
    """Alice's page with that reply, which came all at once or grew while she looked on."""
    page = visit(site, "Alice", permissions=["clipboard-read", "clipboard-write"])
    page.on("request", lambda sent: asked.append(sent.url))
    asked: list[str] = []
    script.script(text=RICH, tokens_per_s=60 if request.param == "growing" else 0)
    talk.start(page, site.url, "Everything, please")
    talk.wait_for_reply(page)
    assert [url for url in asked if not url.startswith((site.url, "data:"))] == []
    return page


def test_markdown_is_shown_as_what_it_means(page: Page) -> None:
    reply = talk.body(talk.replies(page))
    expect(reply.get_by_role("heading", name="A heading")).to_be_visible()
    expect(reply.locator("strong")).to_have_text("bold")
    expect(reply.locator("em")).to_have_text("slanted")
    expect(reply.get_by_role("listitem")).to_have_count(3)
    expect(reply.get_by_role("cell", name="36")).to_be_visible()
    expect(reply.locator("math")).to_have_count(1)
    expect(reply.get_by_role("link", name="a link")).to_have_attribute("rel", "noopener noreferrer nofollow")


def test_html_is_shown_as_text_and_nothing_of_it_runs(page: Page) -> None:
    reply = talk.body(talk.replies(page))
    expect(reply).to_contain_text("<script>window.broken = true</script>")
    expect(reply).to_contain_text('<img src=x onerror="window.broken = true">')
    expect(reply.locator("img, script")).to_have_count(0)
    expect(reply.get_by_role("link", name="danger")).to_have_count(0)
    expect(reply.get_by_role("link", name="a picture")).to_have_count(1)
    assert page.evaluate("window.broken") is None


def test_code_is_copied_with_one_click(page: Page) -> None:
    page.get_by_role("button", name="Copy code").click()
    expect(page.get_by_text("Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == 'def hello(name):\n    return f"<b>{name}</b>"'


def test_a_reply_looks_the_same_after_it_was_loaded_again(page: Page) -> None:
    body = talk.body(talk.replies(page))
    grown = body.inner_html()
    page.reload()
    assert body.inner_html() == grown
