"""Markdown as models write it, shown safely and whole."""

import random
import re
from html.parser import HTMLParser
from itertools import pairwise

import nh3
import pytest

from webapp.lib import markdown

OURS = {"div", "button"}  # what we put around code and tables
ALLOWED = markdown.TAGS | markdown.MATH_TAGS | OURS
ATTRIBUTES = {
    "a": {"href", "title", "rel"},
    "ol": {"start"},
    "code": {"class"},
    "span": {"class"},
    "div": {"class", "tabindex"},
    "pre": {"tabindex"},
    "button": {"type", "class", "data-copy-code"},
    "th": set(),
    **markdown.MATH_ATTRIBUTES,
    "math": markdown.MATH_ATTRIBUTES["math"] | {"tabindex"},
}
SCHEME = re.compile(r"[\s\0-\x1f]*([A-Za-z][A-Za-z0-9+.-]*):")  # URL Standard, 4.4
VOID = {"br", "hr"}


def html_of(source: str) -> str:
    return "".join(markdown.render(source))


class Tree(HTMLParser):
    """Reads HTML, checks that every element is closed in its order, and keeps tags, attributes and text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(html)
        self.close()
        assert not self.open, f"<{self.open[-1]}> is not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"neither text nor an element: {data}")

    handle_pi = unknown_decl = handle_comment

    def handle_decl(self, decl: str) -> None:
        self.handle_comment(decl)


def check(html: str) -> Tree:
    """Fails on whatever is not allowed. Read twice: by Python's parser, and as browsers do, by html5ever in nh3."""
    tree = Tree(html)
    for tag, attributes in tree.tags:
        assert tag in ALLOWED, tag
        assert attributes.keys() <= ATTRIBUTES.get(tag, set()), (tag, attributes)
        if "href" in attributes:
            scheme = SCHEME.match(attributes["href"])
            assert not scheme or scheme[1].lower() in markdown.LINK_SCHEMES, attributes
            assert attributes["rel"] == "noopener noreferrer nofollow"
    kept = nh3.clean(html, tags=ALLOWED, attributes=ATTRIBUTES, link_rel=None, url_schemes=markdown.LINK_SCHEMES)
    assert Tree(kept).tags == tree.tags
    return tree


NASTY = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<iframe src='https://evil.example'></iframe>",
    "<style>* { display: none }</style>",
    "<a href='javascript:alert(1)'>x</a>",
    "<form action=https://evil.example><input name=password></form>",
    "<div onclick=alert(1)>\n\n# text\n\n</div>",
    "<!-- <script>alert(1)</script> -->",
    "<!doctype html><?php echo 1 ?><![CDATA[<b>]]>",
    "<details open ontoggle=alert(1)>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "</div></div><script>alert(1)</script>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java&#x73;cript:alert(1))",
    "[x](&#1;javascript:alert(1))",
    "[x](data:text/html,<script>alert(1)</script>)",
    "[x](vbscript:msgbox(1))",
    "[x](file:///etc/passwd)",
    "<javascript:alert(1)>",
    '[x](https://a.example"onmouseover="alert(1))',
    "[x](https://a.example 'title\" onmouseover=\"alert(1)')",
    '[x](https://a.example "<pre><code>y</code></pre><img src=x onerror=alert(1)>")',
    '[x](https://a.example "<table></table><img src=x onerror=alert(1)>")',
    "[x](https://a.example '<span class=\"math math-inline\">y</span><img src=x onerror=alert(1)>')",
    "![x](https://evil.example/pixel.png)",
    "![x](javascript:alert(1))",
    '![x"onerror=alert(1)](https://evil.example/pixel.png)',
    "![a ![b](https://evil.example/b.png)](https://evil.example/a.png)",
    "[![x](https://evil.example/pixel.png)](https://a.example)",
    "![x][1]\n\n[1]: https://evil.example/pixel.png",
    '```"><script>alert(1)</script>\nx\n```',
    "```x onmouseover=alert(1)\n</code></pre><script>alert(1)</script>\n```",
    "```python\n</code></pre><script>alert(1)</script>\n```",
    "```html\n<img src=x onerror=alert(1)>\n```",
    "`</code><script>alert(1)</script>`",
    "    </code></pre><script>alert(1)</script>",
    "$</math><script>alert(1)</script>$",
    "$\\text{<img src=x onerror=alert(1)>}$",
    "$\\href{javascript:alert(1)}{x}$",
    "$$\\begin{matrix} <script> \\end{matrix}$$",
    "$<img src=x onerror=alert(1)>$5",
    "$\\frac{<img src=x onerror=alert(1)>$",
    "$" + "<img src=x onerror=alert(1)>" * 100 + "$",
    "| <script>alert(1)</script> | b |\n|---|---|\n| </table><img src=x onerror=alert(1)> | d |",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "\\<script>alert(1)</script>",
    "<scr\0ipt>alert(1)</scr\0ipt>",
    "[x]: javascript:alert(1)\n\n[x]",
]


@pytest.mark.parametrize("source", NASTY)
def test_nothing_that_a_model_writes_runs_or_loads_anything(source: str) -> None:
    for text in (source, f"Look: {source} there", f"- {source}\n- b", f"> {source}", f"{source}\n\n{source}"):
        check(html_of(text))


def test_nothing_runs_in_any_mixture_of_nasty_things_nor_in_a_part_of_one() -> None:
    dice = random.Random(5)
    for _ in range(400):
        text = dice.choice(["", " ", "\n", "\n\n"]).join(dice.choices(NASTY, k=3))
        start = dice.randrange(len(text))
        check(html_of(text[start : start + dice.randrange(120)]))


def test_raw_html_is_shown_as_the_text_that_it_is() -> None:
    for source in ("Use <b>bold</b> here", "<div>\nText\n</div>", "a <br/> b <!-- c -->", "<script>alert(1)</script>"):
        assert check(html_of(source)).text.strip() == source


def test_what_stands_for_a_character_is_that_character_once() -> None:
    assert html_of("5 &lt; 6 &amp; 7 < 8") == "<p>5 &lt; 6 &amp; 7 &lt; 8</p>\n"


def test_a_link_tells_nobody_where_it_was_clicked() -> None:
    assert html_of("[Site](https://a.example)") == (
        '<p><a href="https://a.example" rel="noopener noreferrer nofollow">Site</a></p>\n'
    )


def test_a_link_that_would_run_something_is_a_word() -> None:
    assert "href" not in html_of("[Click](javascript:alert(1))")


def test_a_picture_is_a_link_to_it() -> None:
    html = html_of("See ![a cat](https://a.example/cat.png)!")
    assert '<a href="https://a.example/cat.png" rel="noopener noreferrer nofollow">a cat</a>' in html
    assert "<img" not in html


def test_code_is_coloured_and_keeps_every_character() -> None:
    code = 'def f(x: int) -> str:\n    return f"<{x}>" & 1  # "quoted"'
    tree = check(html_of(f"```python\n{code}\n```"))
    assert code in tree.text
    assert ("span", {"class": "k"}) in tree.tags
    assert tree.text.startswith("python")


@pytest.mark.parametrize("language", ["", "nonsense", "c++", 'x"y', "a&b", "PYTHON", "python,ignore", "{.python}"])
def test_code_of_any_language_keeps_every_character(language: str) -> None:
    tree = check(html_of(f"```{language}\nx = 1 < 2 && 3\n\n\ty\n```"))
    assert "x = 1 < 2 && 3\n\n\ty" in tree.text
    assert tree.text.startswith(language.split(",")[0])


def test_code_can_be_copied() -> None:
    assert "data-copy-code" in html_of("```\nx\n```")
    assert "data-copy-code" in html_of("    indented")
    assert "data-copy-code" not in html_of("`inline`")


def test_code_that_is_still_being_written_is_code() -> None:
    assert check(html_of("```python\nx = ")).text == "pythonCopy codex =\n"


def test_formulas_are_mathml() -> None:
    inline, display = html_of("So $x^2$ it is."), html_of("$$\\frac{a}{b}$$")
    assert "<msup><mi>x</mi><mn>2</mn></msup>" in inline
    assert 'display="inline"' in inline
    assert "<mfrac>" in display
    assert 'display="block"' in display
    assert ("tabindex" in inline, "tabindex" in display) == (False, True)  # a wide one scrolls, with the keyboard too


@pytest.mark.parametrize("latex", ["\\frac{a", "\\begin{matrix} a", "\\left( x", "{{{", "x" * 2001])
def test_a_formula_that_cannot_be_read_is_shown_as_it_was_written(latex: str) -> None:
    assert latex.strip() in check(html_of(f"So ${latex}$ it is.")).text or "<math" in html_of(f"${latex}$")


@pytest.mark.parametrize(
    "text",
    [
        "It costs $5 and $6 today.",
        "It costs $5-$10 a month.",
        "Between $1,000,$2,000 and $3.",
        "From $5/$6 to US$7.",
        "One $ alone.",
        "A$ and B$ are names; $ stands alone $ too.",
        "Escaped \\$x\\$.",
        "`$x$` is code.",
    ],
)
def test_money_is_no_formula(text: str) -> None:
    html = html_of(text)
    assert "<math" not in html
    assert check(html).text.strip() == text.replace("\\$", "$").replace("`", "")


def test_a_table_is_a_table_that_scrolls_by_itself() -> None:
    html = html_of("| a | b |\n|:--|--:|\n| 1 | **2** |")
    tags = [tag for tag, _ in check(html).tags]
    assert tags == ["div", "table", "thead", "tr", "th", "th", "tbody", "tr", "td", "td", "strong"]
    assert html.startswith('<div class="table-scroll" tabindex="0">')


def test_lists_nest_and_count_from_where_they_start() -> None:
    html = html_of("3. three\n   - a\n     1. deep\n   - b\n4. four\n")
    assert html.startswith('<ol start="3">')
    assert [tag for tag, _ in check(html).tags] == ["ol", "li", "ul", "li", "ol", "li", "li", "li"]


def test_tasks_are_ticked_or_not() -> None:
    assert check(html_of("- [x] done\n- [ ] to do")).text.split("\n")[1:3] == ["☑ done", "☐ to do"]


def test_chinese_is_emphasised_beside_its_punctuation() -> None:
    assert html_of("这是**重要**的。") == "<p>这是<strong>重要</strong>的。</p>\n"
    assert html_of("# 标题\n\n- 第一\n- 第二") == "<h1>标题</h1>\n<ul>\n<li>第一</li>\n<li>第二</li>\n</ul>\n"


SOURCES = [
    "One.\n\nTwo.",
    "\n\n  \nLate.",
    "# 标题\n\n段落😀。\n\n- 项目\n\n```\n代码\n\n更多\n```\n\n| 表 |\n|---|\n| 格 |\n",
    "- a\n\n- b\n\n\n  c\n\nd",
    "> a\nb\n\nc",
    "a\n***\nb",
    "[a]: https://a.example\n\nText [a].\n\n[b]: https://b.example\n",
    "[a]: https://a.example",
    "a\r\n\r\nb\r\n",
    "\ttabbed\n\n\ttoo",
    "<div>\n\nx\n\n</div>",
    "  ",
    "",
]


@pytest.mark.parametrize("source", SOURCES)
def test_the_blocks_hold_the_whole_text_but_for_blank_lines_before_it(source: str) -> None:
    blocks = markdown.blocks(source)
    assert source[: len(source) - sum(len(block.source) for block in blocks)].strip() == ""
    for block, following in pairwise(blocks):
        assert block.start + len(block.source) == following.start
    for block in blocks:
        assert source[block.start :].startswith(block.source)
        assert block.source.strip()


def test_each_kind_of_block_is_one_block() -> None:
    kinds = [
        "# Title",
        "Text\nin lines",
        "- a\n\n- b",
        "1. a\n   - b",
        "> q\n> r",
        "```\na\n\nb\n```",
        "---",
        "$$\nx\n$$",
    ]
    kinds.append("| a |\n|---|\n| b |")
    assert [block.source.strip() for block in markdown.blocks("\n\n".join(kinds))] == kinds


def test_white_space_at_the_end_of_a_block_makes_no_difference() -> None:
    for source in ("Text", "# Title", "- item", "```\ncode", "    code", "| a |\n|---|"):
        assert markdown.render_block(source) == markdown.render_block(source + " \n\t\n")


@pytest.mark.parametrize(
    ("source", "formulas"),
    [
        (r"So \(x^2\) is", 1),
        ("\\[\nx = \\begin{cases} 1 \\\\\n 2 \\end{cases}\n\\]", 1),
        (r"中文 \(x_1\) 和 \[z\] 与 $5", 2),
        ("|a|\\(b\\)|\n|-|-|\n|\\(x\\)|c|", 2),
        ("> \\[\n> x\n> \\]", 1),
        (r"\(a < b\) costs $5\(c\)", 2),
        (r"A \[4pt] x \\[2pt] \(y\)", 1),
        (r"`\(y\)`", 0),
        ("```\n\\(x\\)\n```", 0),
        ("- a \\(\n- b \\)", 0),
        (r"\\(not\\) \(  \) and \(open", 0),
        ("[y](https://a.b/\\(c\\) 'title \\(q\\)')", 0),
    ],
)
def test_latex_between_its_own_delimiters_is_mathematics(source: str, formulas: int) -> None:
    html = html_of(source)
    assert [tag for tag, _ in Tree(html).tags].count("math") == formulas
    assert html.count('display="block"') == source.count("\\[\n") + source.count("\\[z")


def test_a_formula_may_not_be_smuggled_into_an_address() -> None:
    tree = Tree(html_of('[a](https://a.b/\ue0000\ue001 "\ue0000\ue001") \\(x\\)'))
    assert [tag for tag, _ in tree.tags].count("math") == 1
    assert "math" not in dict(tree.tags)["a"]["href"]


def test_a_link_whose_address_is_not_safe_is_text() -> None:
    tree = Tree(html_of("[**press** me](javascript:alert(1)) and [me](https://a.b)"))
    assert [attributes.get("href") for tag, attributes in tree.tags if tag == "a"] == ["https://a.b"]
    assert tree.text.strip() == "press me and me"
