"""python -m tests.bench.page: what a browser with an empty cache fetches to show the chat page.

Chromium counts, through the DevTools protocol (Network.loadingFinished): bytes on the wire with headers, compressed as
they come. Once for the empty chat and once for a conversation, the heavier of which is the last line's.
"""

import json
import os
import shutil
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from tests.bench.house import House, house

SETTLE_MS = 1500  # what a page still fetches of its own accord
FCP = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"


def load(browser: Browser, home: House, path: str) -> dict[str, float]:
    """Requests, kilobytes and the first contentful paint of one first load."""
    context = browser.new_context()
    context.add_cookies([{"name": "colloquy_session", "value": home.seats[0].session, "url": home.url}])
    page = context.new_page()
    network = context.new_cdp_session(page)
    sizes: list[int] = []
    asked: list[str] = []
    sockets: list[str] = []

    def finished(event: dict[str, Any]) -> None:
        sizes.append(event["encodedDataLength"])

    def will_be_sent(event: dict[str, Any]) -> None:
        if not event["request"]["url"].startswith("data:"):  # which is part of what was fetched
            asked.append(event["request"]["url"])

    network.on("Network.requestWillBeSent", will_be_sent)
    network.on("Network.webSocketCreated", lambda event: sockets.append(event["url"]))
    network.on("Network.loadingFinished", finished)
    network.send("Network.enable")
    page.goto(home.url + path, wait_until="load")
    page.wait_for_timeout(SETTLE_MS)
    found: dict[str, float] = {
        "requests": len(asked),
        "wire_kb": round(sum(sizes) / 1024, 1),
        "fcp_ms": round(page.evaluate(FCP) or 0),
    }
    for url in asked:
        print(f"    {url.removeprefix(home.url)}")
    print(f"{path}: {found}, and {len(sockets)} sockets")
    context.close()
    return found


def main() -> None:
    program = shutil.which("chromium")
    assert program, "There is no chromium: apt-get install chromium."
    arguments = ["--disable-gpu", "--disable-background-networking", *(["--no-sandbox"] if os.getuid() == 0 else [])]
    with house(1) as home, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        [conversation] = home.conversations(home.seats)
        load(browser, home, "/chat/")  # the server's own first time
        pages = [load(browser, home, path) for path in ("/chat/", f"/chat/{conversation}/")]
        browser.close()
    print(json.dumps({"page": max(pages, key=lambda page: page["wire_kb"])}))


if __name__ == "__main__":
    main()
