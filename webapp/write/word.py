"""Markdown as a document of Word's (.docx), by python-docx."""

from typing import Any

from webapp.write.events import events, shown

BULLET_LEVELS = 3  # that Word's own list styles have


class Word:
    """Paragraphs and runs as the Markdown's events come; styles are those of Word's own template."""

    def __init__(self, title: str):
        import docx  # lxml is a big library, and few ask for it

        self.document = docx.Document()
        self.document.core_properties.title = _printable(title)[:255]
        self.document.core_properties.author = ""
        self.paragraph: Any = None
        self.marks: list[str] = []
        self.lists: list[bool] = []  # whether each list around is numbered
        self.quotes = 0
        self.link = ""
        self.rows: list[list[list[tuple[str, tuple[str, ...]]]]] | None = None  # of a table: rows, cells, runs

    def read(self, text: str) -> Any:
        for when, name, value in events(text):
            {"Start": self._start, "End": self._end, "": self._inside}[when](name, value)
        return self.document

    def _start(self, name: str, value: Any) -> None:
        match name:
            case "Heading":
                self.paragraph = self.document.add_heading(level=int(value["level"][1:]))
            case "Paragraph" if self.paragraph is None or not self.lists:
                self.paragraph = self._new("Quote" if self.quotes else None)
            case "BlockQuote":
                self.quotes += 1
            case "CodeBlock":
                self.paragraph = self._new(None)
                self.marks.append("Code")
            case "List":
                self.lists.append(value is not None)
            case "Item":
                self.paragraph = self._new(self._list_style())
            case "Table":
                self.rows = []
            case "TableHead" | "TableRow":
                assert self.rows is not None
                self.rows.append([])
            case "TableCell":
                assert self.rows is not None
                self.rows[-1].append([])
            case "Link":
                self.link = value["dest_url"]
            case "Emphasis" | "Strong" | "Strikethrough":
                self.marks.append(name)

    def _end(self, name: str, value: Any) -> None:
        match name:
            case "Heading" | "Item":
                self.paragraph = None
            case "Paragraph":
                self.paragraph = None
            case "BlockQuote":
                self.quotes -= 1
            case "CodeBlock":
                self.marks.pop()
                self.paragraph = None
            case "List":
                self.lists.pop()
            case "Table":
                self._table()
            case "Link":
                link, self.link = self.link, ""
                self._run(f" <{link}>", ())
            case "Emphasis" | "Strong" | "Strikethrough":
                self.marks.pop()

    def _inside(self, name: str, value: Any) -> None:
        if name == "Rule":
            self.document.add_paragraph("* * *")
            return
        text = {"SoftBreak": " ", "HardBreak": "\n"}.get(name) or shown(name, value)
        code = ("Code",) if name == "Code" else ()
        self._run(text.removesuffix("\n") if "Code" in self.marks else text, (*self.marks, *code))

    def _run(self, text: str, marks: tuple[str, ...]) -> None:
        if self.rows is not None:
            self.rows[-1][-1].append((text, marks))
            return
        if self.paragraph is None:
            self.paragraph = self._new(self._list_style() if self.lists else None)
        self._write(self.paragraph, text, marks)

    def _write(self, paragraph: Any, text: str, marks: tuple[str, ...]) -> None:
        run = paragraph.add_run(_printable(text))
        run.bold = True if "Strong" in marks else None
        run.italic = True if "Emphasis" in marks else None
        run.font.strike = True if "Strikethrough" in marks else None
        if "Code" in marks:
            run.font.name = "Consolas"

    def _new(self, style: str | None) -> Any:
        return self.document.add_paragraph(style=style)

    def _list_style(self) -> str:
        kind = "List Number" if self.lists[-1] else "List Bullet"
        level = min(len(self.lists), BULLET_LEVELS)
        return kind if level == 1 else f"{kind} {level}"

    def _table(self) -> None:
        rows, self.rows = self.rows or [], None
        if not rows or not rows[0]:
            return
        table = self.document.add_table(len(rows), len(rows[0]), style="Table Grid")
        for number, row in enumerate(rows):
            for cell, runs in zip(table.rows[number].cells, row, strict=False):
                for text, marks in runs:
                    self._write(cell.paragraphs[0], text, (*marks, "Strong") if number == 0 else marks)


def _printable(text: str) -> str:
    """Without the control characters that XML has no place for."""
    return "".join(character for character in text if character in "\t\n" or ord(character) >= 32)
