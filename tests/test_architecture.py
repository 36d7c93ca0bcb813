"""ARCHITECTURE.md names what is there: every path of its tree, and every path and module between backticks."""

import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
FILE = r"[\w.-]*\w\.(?:py|js|css|html|md|toml|txt|lock|yml)\b"  # json is left out: run.json is what a run writes
PACKAGES = ("inference", "training", "webapp", "tests", "tools")


def fenced(page: str) -> list[str]:
    return re.findall(r"^```\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)


def entries(tree: str) -> Iterator[tuple[Path, str]]:
    """(path, remark) of each name in an annotated tree. What is indented lies in the folder above it; names that share
    a line share its remark, which begins after two spaces."""
    folders: list[tuple[int, Path]] = [(-1, Path())]
    for line in filter(str.strip, tree.splitlines()):
        indent = len(line) - len(line.lstrip())
        names, _, remark = line.strip().partition("  ")
        while folders[-1][0] >= indent:
            folders.pop()
        paths = [folders[-1][1] / name.strip() for name in names.split(",")]
        for path in paths:
            yield path, remark.strip()
        folders.append((indent, paths[-1]))


def tree_entries() -> list[tuple[Path, str]]:
    return [entry for block in fenced(PAGE) for entry in entries(block)]


def inline() -> list[str]:
    return re.findall(r"`([^`\n]+)`", re.sub(r"^```\n.*?^```$", "", PAGE, flags=re.DOTALL | re.MULTILINE))


def paths_in_text() -> list[str]:
    """Files, and folders of ours. `/metrics` is a route, DATA_DIR/run a place of an install."""
    ours = {entry.name for entry in ROOT.iterdir()}
    words = [word for code in inline() for word in code.split()]
    return [w for w in words if re.fullmatch(FILE, w) or ("/" in w and w.partition("/")[0] in ours)]


def modules_in_text() -> list[str]:
    return [
        word for code in inline() for word in code.split() if re.fullmatch(rf"(?:{'|'.join(PACKAGES)})(\.\w+)+", word)
    ]


def test_a_tree_is_read_as_people_read_it() -> None:
    tree = "one.py, two.py   two files\nfolder/\n  inner/         a folder\n    deep.py\n  a.py, b/c.py\nlast/  end\n"
    assert [str(path) for path, _ in entries(tree)] == [
        "one.py", "two.py", "folder", "folder/inner", "folder/inner/deep.py", "folder/a.py", "folder/b/c.py", "last",
    ]  # fmt: skip
    assert dict(entries(tree))[Path("two.py")] == "two files"


def test_the_page_has_a_tree_and_paths_in_its_text() -> None:
    assert len(tree_entries()) > 50
    assert len(paths_in_text()) > 10


@pytest.mark.parametrize("path", sorted({str(path) for path, _ in tree_entries()}))
def test_every_path_of_the_tree_is_there(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize(("path", "remark"), [entry for entry in tree_entries() if re.search(FILE, entry[1])])
def test_every_file_that_a_remark_names_is_there(path: Path, remark: str) -> None:
    folder = ROOT / path if (ROOT / path).is_dir() else ROOT / path.parent
    for name in re.findall(rf"(?:[\w-]+/)*{FILE}", remark):
        assert (folder / name).exists() or (ROOT / name).exists() or list(folder.rglob(name)), name


@pytest.mark.parametrize("path", sorted(set(paths_in_text())))
def test_every_path_in_the_text_is_there(path: str) -> None:
    if "/" in path:
        assert (ROOT / path).exists()
    else:
        assert (
            any(list((ROOT / folder).rglob(path)) for folder in (*PACKAGES, "static", "templates"))
            or (ROOT / path).exists()
        )


@pytest.mark.parametrize("name", sorted(set(modules_in_text())))
def test_every_module_in_the_text_is_there(name: str) -> None:
    assert find_spec(name) is not None
