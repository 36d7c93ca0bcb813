"""What is read from a model's directory."""

import json
from pathlib import Path

from django.conf import settings

from tests.webapp.people import client_of
from webapp.accounts.models import User
from webapp.catalog import shelf
from webapp.catalog.templatetags import evaluation


def test_the_built_in_model_is_described_by_its_own_files() -> None:
    found = shelf.describe("colloquy", str(settings.BUILTIN_MODEL))

    record = json.loads((settings.BUILTIN_MODEL / "config.json").read_text())
    assert found.context == record["max_position_embeddings"]
    assert found.size_bytes > found.parameters > 1_000_000
    assert "built-in model" in found.card


def test_of_a_model_on_a_hub_only_the_name_is_known() -> None:
    assert shelf.describe("qwen", "Qwen/Qwen3-0.6B") == shelf.Shelved("qwen", "Qwen/Qwen3-0.6B")


def test_an_evaluation_is_read_whatever_it_measured(tmp_path: Path) -> None:
    translation = {"zh-en": {"chrf": 41.5, "bleu": 12}, "en-zh": {"chrf": 25.1}}
    evaluation = {"translation": translation, "sentiment": {"accuracy": 0.8, "f1": 0.7, "texts": 2}, "note": "x"}
    (tmp_path / "evaluation.json").write_text(json.dumps(evaluation))

    assert shelf.describe("mine", str(tmp_path)).tables == [
        shelf.Table("translation", ["chrf", "bleu"], [("zh-en", [41.5, 12]), ("en-zh", [25.1, None])]),
        shelf.Table("sentiment", [""], [("accuracy", [0.8]), ("f1", [0.7]), ("texts", [2])], True),
    ]


def test_damaged_files_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "evaluation.json").write_text("{")
    (tmp_path / "config.json").write_text("[]")

    assert shelf.describe("mine", str(tmp_path)) == shelf.Shelved("mine", str(tmp_path))


def test_the_page_shows_the_model_in_service_with_its_card(alice: User) -> None:
    page = client_of(alice).get("/models/").content.decode()

    assert "built-in demonstration model" in page
    assert "tatoeba" in page.lower()


def test_a_licence_stands_in_the_cards_metadata_or_in_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "LICENSE").write_text("\nMIT License\n\nPermission is …")
    assert shelf.describe("mine", str(tmp_path)).licence == "MIT License"

    (tmp_path / "README.md").write_text("---\nlicense: apache-2.0\ntags: []\n---\n# Mine\n")
    found = shelf.describe("mine", str(tmp_path))
    assert (found.licence, found.card) == ("apache-2.0", "# Mine\n")

    (tmp_path / "README.md").write_text("---\nlicense: other\nlicense_name: gemma\n---\n# Mine\n")
    assert shelf.describe("mine", str(tmp_path)).licence == "gemma"


def test_a_figure_is_rounded_and_a_count_is_whole() -> None:
    assert [evaluation.figure(value) for value in (45.68, 500, 4621.5, None)] == ["45.7", "500", "4,621.5", "–"]
    assert [evaluation.named(name) for name in ("em", "cmrc")] == ["exact match", "cmrc"]
