"""Which size is worth training in a given time."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from training import study
from training.config import PretrainConfig


def test_each_size_is_trained_for_each_time_and_said_in_a_line(
    corpus: Path, tiny_config: Callable[..., PretrainConfig], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan, out = tmp_path / "plan.json", tmp_path / "study"
    config = tiny_config(stage={"max_steps": None, "max_tokens": 10_000})
    plan.write_text(config.model_dump_json(exclude_none=True))
    out.mkdir()
    (out / "speeds.json").write_text(json.dumps({"32x1": 100.0, "64x2": 50.0}))  # tokens/s, as a call before found them
    call = [str(plan), "--corpus", str(corpus), "--out", str(out), "--sizes", "32x1", "64x2", "--minutes", "0.1", "0.2"]

    study.main(call)
    *lines, figures = capsys.readouterr().out.splitlines()
    rows = json.loads(figures)["study"]
    assert [(row["size"], row["minutes"]) for row in rows] == [
        ("32x1", 0.1), ("64x2", 0.1), ("32x1", 0.2), ("64x2", 0.2),
    ]  # fmt: skip
    for row in rows:  # a step is at most 256 tokens, and the last one may go over
        wanted = row["minutes"] * 60 * row["tokens_per_s"]
        assert wanted <= row["tokens"] <= wanted + 256
    assert rows[2]["loss"] < rows[0]["loss"]
    assert [line.split(" | ")[0] for line in lines[2:]] == ["| 32x1", "| 64x2", "| 32x1", "| 64x2"]
    widths = [
        json.loads((out / f"{size}-0.2/model/config.json").read_text())["hidden_size"] for size in ("32x1", "64x2")
    ]
    assert widths == [32, 64]

    study.main(call)  # again: nothing is trained twice
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["study"] == rows
