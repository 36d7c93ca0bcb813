"""Markdown as plain text: without its marks, as one would type it into a mail. Links keep their address."""

import re
from dataclasses import dataclass, field
from typing import Any

from webapp.write.events import events, shown

BREAKS = {"SoftBreak": "\n", "HardBreak": "\n", "Rule": "\n* * *\n\n"}


@dataclass(slots=True)
class Plain:
    out: list[str] = field(default_factory=list)
    lists: list[int | None] = field(default_factory=list)  # the next number of each list around, None for bullets
    links: list[str] = field(default_factory=list)

    def read(self, text: str) -> str:
        for when, name, value in events(text):
            if when:
                self._edge(when, name, value)
            else:
                self.out.append(BREAKS.get(name) or shown(name, value))
        return re.sub(r"\n{3,}", "\n\n", "".join(self.out)).strip()

    def _edge(self, when: str, name: str, value: Any) -> None:
        if name == "List" and when == "Start":
            self._line()
            self.lists.append(value)
        elif name == "List":
            self.lists.pop()
            self.out.append("\n" if not self.lists else "")
        elif name == "Item" and when == "Start":
            self._line()
            self.out.append("  " * (len(self.lists) - 1) + self._mark())
        elif name == "Link" and when == "Start":
            self.links.append(value["dest_url"])
        elif name == "Link":
            self.out.append(f" <{self.links.pop()}>")
        elif name == "TableCell" and when == "End":
            self.out.append("\t")
        elif when == "End" and name in ("Paragraph", "Heading", "CodeBlock", "Table", "BlockQuote", "HtmlBlock"):
            self.out.append("\n" if self.lists else "\n\n")
        elif when == "End" and name in ("TableHead", "TableRow", "Item"):
            self._line()

    def _mark(self) -> str:
        number = self.lists[-1]
        if number is None:
            return "- "
        self.lists[-1] = number + 1
        return f"{number}. "

    def _line(self) -> None:
        last = next((piece for piece in reversed(self.out) if piece), "\n")
        if not last.endswith("\n"):
            self.out.append("\n")
