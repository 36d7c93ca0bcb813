"""Real fine-tunings of a tiny model on the CPU: seconds each."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from inference.lora import validate
from tests.tiny_llama import write_adapter, write_model
from training.errors import CheckpointError, ConfigError, DataError
from training.estimate import estimate
from training.finetune import finetune
from training.finetune_config import FinetuneConfig
from training.merge import merge
from training.record import sha256

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")

Rows = Sequence[Mapping[str, object]]
Lay = Callable[..., tuple[FinetuneConfig, Path]]


def never() -> bool:
    return False


def stop_after(steps: int) -> Callable[[], bool]:
    asked = iter(range(1, 1000))
    return lambda: next(asked) >= steps


def asked(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


ANSWERS = [
    {"messages": [*asked(f"Where is ship {i}?"), {"role": "assistant", "content": "In Norwick." + "!" * (i % 5)}]}
    for i in range(24)
]
PAIRS = [{"prompt": asked(f"Hello {i}"), "chosen": "Ahoy!", "rejected": "Go away."} for i in range(12)]
THUMBS = [
    {"prompt": asked(f"Hello {i}"), "completion": "Ahoy!" if i % 2 else "Go away.", "label": bool(i % 2)}
    for i in range(12)
]


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("models") / "tiny", context=128)


@pytest.fixture
def lay(tmp_path: Path, base: Path) -> Lay:
    """lay(rows, field=…) gives a configuration and the directory where its files lie: four rows are held out."""

    def write(rows: Rows = ANSWERS, **changes: Any) -> tuple[FinetuneConfig, Path]:
        for name, part in (("train.jsonl", rows[4:]), ("held-out.jsonl", rows[:4])):
            (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in part), encoding="utf-8")
        values: dict[str, Any] = {
            "base": str(base), "r": 4, "lora_alpha": 8, "batch_size": 4, "max_steps": 6, "max_length": 64,
            "log_every": 1, "evaluate_every": 3, "early_stopping_patience": 0,
        }  # fmt: skip
        return FinetuneConfig.model_validate(values | changes), tmp_path

    return write


def told(text: str, event: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] == event]


def test_it_learns_measures_compares_and_leaves_an_adapter_that_is_served(
    lay: Lay, base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config, place = lay(max_steps=20, evaluate_every=10, learning_rate=0.01)
    finetune(config, directory=place, out=tmp_path / "out", resume=False, should_stop=never)

    text = capsys.readouterr().out
    measured = {event["step"]: event["loss"] for event in told(text, "evaluated")}
    assert list(measured) == [0, 10, 20]
    assert measured[20] < 0.8 * measured[0]
    assert told(text, "started")[0]["steps"] == 20
    assert {event["step"] for event in told(text, "sampled")} == {0, 10, 20}
    models = told(text, "compared")[0]["models"]
    assert models["base"]["loss"] == pytest.approx(measured[0], abs=0.001)
    assert models["this"]["loss"] < models["base"]["loss"]
    assert validate(tmp_path / "out" / "adapter", base, 8).rank == 4
    assert told(text, "finished")[0]["status"] == "done"


def test_what_it_leaves_names_no_place_of_this_machine(lay: Lay, base: Path, tmp_path: Path) -> None:
    config, place = lay(max_steps=1)
    finetune(config, directory=place, out=tmp_path / "out", resume=False, should_stop=never)

    files = sorted((tmp_path / "out" / "adapter").iterdir())
    assert [file.name for file in files] == ["adapter_config.json", "adapter_model.safetensors", "run.json"]
    assert all(str(base.parent).encode() not in file.read_bytes() for file in files)
    assert json.loads(files[0].read_text())["base_model_name_or_path"] == base.name


def test_the_comparison_holds_what_each_model_replied(lay: Lay, base: Path, tmp_path: Path) -> None:
    serving = write_adapter(tmp_path / "serving", base, seed=1)
    config, place = lay(max_steps=1, compare_with=str(serving))
    finetune(config, directory=place, out=tmp_path / "out", resume=False, should_stop=never)

    rows = [json.loads(line) for line in (tmp_path / "out" / "comparison.jsonl").read_text().splitlines()]
    assert len(rows) == 4
    assert rows[0]["wanted"] == "In Norwick."
    assert all(row["replies"].keys() == {"this", "base", "in_service"} for row in rows)


@pytest.mark.parametrize("method", ["lora", "full"])
def test_a_stopped_run_goes_on_to_the_same_losses_and_weights(
    lay: Lay, tmp_path: Path, capsys: pytest.CaptureFixture[str], method: str
) -> None:
    config, place = lay(max_steps=12, method=method, learning_rate=0.001)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    finetune(config, directory=place, out=whole, resume=False, should_stop=never)
    expected = capsys.readouterr().out
    finetune(config, directory=place, out=parts, resume=False, should_stop=stop_after(7))
    first = capsys.readouterr().out
    finetune(config, directory=place, out=parts, resume=True, should_stop=never)
    second = capsys.readouterr().out

    assert told(first, "finished")[0]["status"] == "stopped"
    assert told(second, "started")[0]["resumed_from"] == 7
    losses = [(event["step"], event["loss"]) for event in told(first + second, "step")]
    assert losses == [(event["step"], event["loss"]) for event in told(expected, "step")]
    name = "adapter/adapter_model.safetensors" if method == "lora" else "model/model.safetensors"
    one, other = load_file(whole / name), load_file(parts / name)
    assert all(torch.equal(one[key], other[key]) for key in one)
    records = [json.loads((out / name).with_name("run.json").read_text()) for out in (whole, parts)]
    assert records[0]["metrics"] == records[1]["metrics"]


def test_a_run_does_not_go_on_with_other_rows(lay: Lay, tmp_path: Path) -> None:
    config, place = lay()
    finetune(config, directory=place, out=tmp_path / "out", resume=False, should_stop=stop_after(1))
    config, place = lay(ANSWERS[:-1])
    with pytest.raises(CheckpointError, match="other data"):
        finetune(config, directory=place, out=tmp_path / "out", resume=True, should_stop=never)


def test_it_ends_early_when_it_gets_no_better(lay: Lay, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config, place = lay(max_steps=40, evaluate_every=1, early_stopping_patience=2, learning_rate=0.9)
    finetune(config, directory=place, out=tmp_path / "out", resume=False, should_stop=never)

    text = capsys.readouterr().out
    assert told(text, "finished")[0]["step"] < 40
    least = min(event["loss"] for event in told(text, "evaluated"))
    assert told(text, "compared")[0]["models"]["this"]["loss"] == pytest.approx(least, abs=0.01)


@pytest.mark.parametrize(("shape", "rows"), [("preference", PAIRS), ("thumbs", THUMBS)])
def test_it_learns_preferences_from_an_adapter_on(lay: Lay, base: Path, tmp_path: Path, shape: str, rows: Rows) -> None:
    before = write_adapter(tmp_path / "before", base, seed=1, rank=4)
    config, place = lay(rows, shape=shape, start_from=str(before), max_steps=3, learning_rate=0.001)
    finetune(config, directory=place, out=tmp_path / "out", resume=False, should_stop=never)

    one = load_file(before / "adapter_model.safetensors")
    other = load_file(tmp_path / "out" / "adapter" / "adapter_model.safetensors")
    assert one.keys() == other.keys()
    assert any(not torch.equal(one[name], other[name]) for name in one)
    validate(tmp_path / "out" / "adapter", base, 8)


def test_an_adapter_of_another_base_is_refused(lay: Lay, tmp_path: Path, base: Path) -> None:
    other = write_adapter(tmp_path / "other", base, seed=1, peft_type="IA3")
    config, place = lay(start_from=str(other))
    with pytest.raises(ConfigError, match="adapter to go on from cannot be used"):
        finetune(config, directory=place, out=tmp_path / "out", resume=False, should_stop=never)


@pytest.mark.skipif(torch.cuda.is_available(), reason="here is a GPU, on which it works")
def test_qlora_without_a_gpu_is_refused(lay: Lay, tmp_path: Path) -> None:
    config, place = lay(method="qlora")
    with pytest.raises(ConfigError, match="GPU"):
        finetune(config, directory=place, out=tmp_path / "out", resume=False, should_stop=never)


def test_rows_whose_replies_are_all_cut_off_are_refused(lay: Lay, tmp_path: Path) -> None:
    config, place = lay(max_length=16)
    with pytest.raises(DataError, match="max_length"):
        finetune(config, directory=place, out=tmp_path / "out", resume=False, should_stop=never)


def test_an_estimate_says_what_the_run_will_take(lay: Lay, tmp_path: Path) -> None:
    config, place = lay(max_steps=50)
    found = estimate(config, place)
    assert found.steps == 50
    assert found.fits
    assert found.seconds > 0
    assert 0 < found.memory_gb < found.memory_available_gb
    assert {entry.name for entry in place.iterdir()} == {"train.jsonl", "held-out.jsonl"}


def test_an_estimate_is_measured_with_as_many_threads_as_the_run_will_have(lay: Lay) -> None:
    before = torch.get_num_threads()
    config, place = lay(max_steps=1, threads=before + 1)
    try:
        estimate(config, place)
        assert torch.get_num_threads() == before + 1
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("shape", "rows", "answers"),
    [
        ("supervised", ANSWERS, lambda row: [row["messages"][1]["content"]]),
        ("preference", PAIRS, lambda row: [row["chosen"], row["rejected"]]),
        ("thumbs", THUMBS, lambda row: [row["completion"]]),
    ],
)
def test_it_says_how_many_tokens_an_epoch_has_and_counts_as_many(
    lay: Lay, tmp_path: Path, capsys: pytest.CaptureFixture[str], shape: str, rows: Rows, answers: Callable[..., Any]
) -> None:
    config, place = lay(rows, shape=shape, num_epochs=1, max_steps=None, batch_size=4, max_length=96)
    finetune(config, directory=place, out=tmp_path / "out", resume=False, should_stop=never)

    tokens = 0
    learned: Any = rows[4:]
    for row in learned:
        asking = row.get("prompt") or row["messages"][:1]
        around = len("<user\n<\n<assistant\n<\n")  # a token each; the last one ends the text
        tokens += sum(around + len(asking[0]["content"]) + len(text) for text in answers(row))
    text = capsys.readouterr().out
    assert told(text, "started")[0]["tokens_per_epoch"] == tokens
    assert told(text, "step")[-1]["tokens"] == tokens


def test_a_merged_model_is_the_base_with_its_adapter(base: Path, tmp_path: Path) -> None:
    adapter = write_adapter(tmp_path / "adapter", base, seed=1)
    merge(base, adapter, tmp_path / "merged")

    before, after = load_file(base / "model.safetensors"), load_file(tmp_path / "merged" / "model.safetensors")
    changes = load_file(adapter / "adapter_model.safetensors")
    name = "model.layers.0.self_attn.q_proj"
    a, b = (changes[f"base_model.model.{name}.lora_{part}.weight"] for part in "AB")
    assert torch.allclose(after[f"{name}.weight"], before[f"{name}.weight"] + 4 * b @ a, atol=1e-4)
    assert torch.equal(after["model.norm.weight"], before["model.norm.weight"])


def test_a_merged_model_names_what_it_was_made_of(base: Path, tmp_path: Path) -> None:
    adapter = write_adapter(tmp_path / "adapter", base, seed=1)
    (adapter / "run.json").write_text('{"command": "finetune", "steps": 6}')
    merge(base, adapter, tmp_path / "merged")

    run = json.loads((tmp_path / "merged" / "run.json").read_text())
    assert (run["command"], run["base"]["name"]) == ("merge", base.name)
    assert run["base"]["files"]["model.safetensors"] == sha256(base / "model.safetensors")
    assert run["adapter"]["files"]["adapter_model.safetensors"] == sha256(adapter / "adapter_model.safetensors")
    assert run["adapter"]["run"] == {"command": "finetune", "steps": 6}
    assert str(base.parent) not in json.dumps(run)


def test_an_adapter_whose_run_nobody_knows_is_merged_all_the_same(base: Path, tmp_path: Path) -> None:
    adapter = write_adapter(tmp_path / "adapter", base, seed=1)
    (adapter / "run.json").write_bytes(b"\xff no JSON")
    merge(base, adapter, tmp_path / "merged")

    run = json.loads((tmp_path / "merged" / "run.json").read_text())
    assert run["adapter"]["run"] is None
    assert run["adapter"]["files"]["run.json"] == sha256(adapter / "run.json")
