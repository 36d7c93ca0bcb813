"""Somebody at the pages without a browser: forms are sent as they stand, without script."""

import re

import httpx

PASSWORD = "correct horse battery staple"


class Visitor:
    def __init__(self, url: str):
        self.http = httpx.Client(base_url=url, follow_redirects=True, timeout=60)

    def get(self, path: str) -> httpx.Response:
        answer = self.http.get(path)
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
        return answer

    def post(self, path: str, **fields: str) -> httpx.Response:
        token = self.http.cookies["colloquy_csrf"]
        answer = self.http.post(path, data={**fields, "csrfmiddlewaretoken": token})
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text[:500]}"
        return answer

    def sign_up(self, link: str, *, name: str, email: str, team_name: str) -> None:
        """By an invitation's link, to the page where one writes."""
        self.get(link)
        self.get("/account/signup/")
        arrived = self.post("/account/signup/", team_name=team_name, name=name, email=email, password1=PASSWORD)
        assert arrived.url.path == "/chat/", arrived.text

    def sign_in(self, email: str) -> None:
        self.get("/account/login/")
        assert self.post("/account/login/", login=email, password=PASSWORD).url.path == "/chat/"

    def write(self, text: str) -> str:
        """The first message of a new conversation; returns that conversation's path."""
        self.get("/chat/")
        return self.post("/chat/", text=text).url.path

    def replies(self, path: str) -> list[tuple[str, str]]:
        """(status, text) of each reply on the page of a conversation."""
        page = self.get(path).text
        pattern = r'data-role="assistant"\s+data-status="(\w+)".*?data-blocks>(.*?)<div class="message-end">'
        found = re.findall(pattern, page, re.DOTALL)
        return [(status, re.sub(r"<[^>]+>", "", html).strip()) for status, html in found]
