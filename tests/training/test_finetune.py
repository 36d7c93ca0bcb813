"""Real fine-tunings of a tiny model on the CPU: seconds each."""

import json
import shutil
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
from training.lessons import read_lessons
from training.look import load as load_tokenizer
from training.merge import merge
from training.record import sha256
from training.taught import load_taught
from training.trainers import build_trainer

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


def compared(out: Path) -> tuple[dict[str, dict[str, float]], list[dict[str, Any]]]:
    """Each model's measures, and the rows that people judge."""
    [run] = out.glob("*/run.json")
    rows = [json.loads(line) for line in (out / "comparison.jsonl").read_text().splitlines()]
    return json.loads(run.read_text())["comparison"], rows


TASKS = [
    {"messages": [*asked(f"Ship {i}?"), {"role": "assistant", "content": reply}], "task": task, **more}
    for i in range(4)
    for task, reply, more in (
        ("translate", "In Norwick.", {"source": "zh", "target": "en"}),
        ("ask", "In Norwick.", {}),
        ("analyze", "positive", {}),
    )
]
PAIRS_AND_THUMBS = [("preference", PAIRS), ("thumbs", THUMBS)]


@pytest.mark.parametrize("method", ["lora", "full"])
@pytest.mark.parametrize("serving", ["adapter", "model", "adapter of another model"])
def test_it_is_compared_with_its_base_and_with_whatever_is_in_service(
    lay: Lay, base: Path, tmp_path: Path, method: str, serving: str
) -> None:
    other = write_model(tmp_path / "other", seed=5, context=128)
    adapter = write_adapter(tmp_path / "serving", base, seed=1, rank=4)
    named = {
        "adapter": {"compare_with": str(adapter)},
        "model": {"compare_with": str(other)},
        "adapter of another model": {"compare_with": str(adapter), "compare_base": str(other)},
    }[serving]
    alone = write_adapter(tmp_path / "alone", base, seed=1, rank=4)
    merge(other if "another" in serving else base, alone, tmp_path / "merged")
    whole = other if serving == "model" else tmp_path / "merged"
    config, place = lay(TASKS, method=method, max_steps=3, learning_rate=0.01, **named)
    finetune(config, directory=place, out=tmp_path / "out", resume=False, should_stop=never)
    models, rows = compared(tmp_path / "out")

    names = {"this", "base", "in_service"}
    assert models.keys() == names
    assert all(row["replies"].keys() == names for row in rows)
    assert all(values.keys() == {"loss", "perplexity", "chrf", "f1", "accuracy"} for values in models.values())
    # what is in service comes to what it does by itself, but for the rounding of bfloat16
    config, place = lay(TASKS, method="full", base=str(whole), max_steps=1)
    finetune(config, directory=place, out=tmp_path / "itself", resume=False, should_stop=never)
    itself, _ = compared(tmp_path / "itself")
    assert models["in_service"]["loss"] == pytest.approx(itself["base"]["loss"], rel=5e-3)
    assert len({round(values["loss"], 1) for values in models.values()}) == 3


@pytest.mark.parametrize(("shape", "rows"), PAIRS_AND_THUMBS)
def test_preferences_are_compared_with_what_is_in_service(
    lay: Lay, base: Path, tmp_path: Path, shape: str, rows: Rows
) -> None:
    serving = write_adapter(tmp_path / "serving", base, seed=1)
    config, place = lay(rows, shape=shape, max_steps=3, learning_rate=0.01, compare_with=str(serving))
    finetune(config, directory=place, out=tmp_path / "out", resume=False, should_stop=never)
    models, judged = compared(tmp_path / "out")

    assert models.keys() == {"this", "base", "in_service"}
    assert len({values["loss"] for values in models.values()}) == 3
    assert all(row["replies"].keys() == models.keys() for row in judged)


def test_a_base_that_is_in_service_itself_is_measured_once_and_judged_once(
    lay: Lay, base: Path, tmp_path: Path
) -> None:
    config, place = lay(max_steps=1, compare_with=str(base))
    finetune(config, directory=place, out=tmp_path / "out", resume=False, should_stop=never)
    models, rows = compared(tmp_path / "out")

    assert models["in_service"] == models["base"]
    assert all(row["replies"].keys() == {"this", "base"} for row in rows)


def test_of_a_model_with_other_tokens_the_replies_are_compared_and_not_the_loss(
    lay: Lay, base: Path, tmp_path: Path
) -> None:
    other = write_model(tmp_path / "other", seed=5, context=128)
    template = json.loads((other / "tokenizer_config.json").read_text())
    template["chat_template"] = template["chat_template"].replace("assistant", "helper")
    (other / "tokenizer_config.json").write_text(json.dumps(template))
    config, place = lay(TASKS, max_steps=1, compare_with=str(other))
    finetune(config, directory=place, out=tmp_path / "out", resume=False, should_stop=never)
    models, rows = compared(tmp_path / "out")

    assert models["in_service"].keys() == {"chrf", "f1", "accuracy"}
    assert all(row["replies"]["in_service"] for row in rows)


@pytest.mark.parametrize("gone", ["nothing", "damaged"])
def test_what_is_in_service_and_cannot_be_loaded_costs_no_run(
    lay: Lay, base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], gone: str
) -> None:
    serving = tmp_path / "serving"
    if gone == "damaged":
        write_adapter(serving, base, seed=1)
        (serving / "adapter_model.safetensors").write_bytes(b"no tensors")
    config, place = lay(max_steps=1, compare_with=str(serving))
    finetune(config, directory=place, out=tmp_path / "out", resume=False, should_stop=never)

    printed = capsys.readouterr()
    assert "not compared with the version in service" in printed.err
    assert told(printed.out, "finished")[0]["status"] == "done"
    assert compared(tmp_path / "out")[0].keys() == {"this", "base"}


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
    names = ("step", "loss", "tokens")
    steps = [[event[name] for name in names] for event in told(first + second, "step")]
    assert steps == [[event[name] for name in names] for event in told(expected, "step")]
    name = "adapter/adapter_model.safetensors" if method == "lora" else "model/model.safetensors"
    one, other = load_file(whole / name), load_file(parts / name)
    assert all(torch.equal(one[key], other[key]) for key in one)
    records = [json.loads((out / name).with_name("run.json").read_text()) for out in (whole, parts)]
    assert records[0]["metrics"] == records[1]["metrics"]


@pytest.mark.parametrize(
    ("shape", "rows", "early"),
    [("supervised", ANSWERS, False), ("supervised", ANSWERS, True), *((*both, False) for both in PAIRS_AND_THUMBS)],
)
def test_a_run_that_was_killed_after_its_last_step_makes_no_further_one(
    lay: Lay, tmp_path: Path, capsys: pytest.CaptureFixture[str], shape: str, rows: Rows, early: bool
) -> None:
    changes: dict[str, Any] = {"max_steps": 3, "learning_rate": 0.001}
    if early:
        changes = {"max_steps": 40, "evaluate_every": 1, "early_stopping_patience": 2, "learning_rate": 0.9}
    config, place = lay(rows, shape=shape, **changes)
    finetune(config, directory=place, out=tmp_path / "out", resume=False, should_stop=never)
    [ended] = told(capsys.readouterr().out, "finished")
    learnt = load_file(tmp_path / "out" / "adapter" / "adapter_model.safetensors")
    shutil.rmtree(tmp_path / "out" / "adapter")
    finetune(config, directory=place, out=tmp_path / "out", resume=True, should_stop=never)

    text = capsys.readouterr().out
    assert (ended["step"] < 40) if early else (ended["step"] == 3)
    assert (told(text, "started")[0]["resumed_from"], told(text, "step")) == (ended["step"], [])
    assert told(text, "finished") == [ended]
    again = load_file(tmp_path / "out" / "adapter" / "adapter_model.safetensors")
    assert all(torch.equal(learnt[name], again[name]) for name in learnt)


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


@pytest.mark.parametrize("shape", ["preference", "thumbs"])
def test_preferences_are_learnt_by_smaller_steps_than_answers_and_by_larger_ones_in_a_small_model(shape: str) -> None:
    def rate(shape: str, parameters: float) -> float:
        return FinetuneConfig.model_validate({"base": "model", "shape": shape}).rate(int(parameters))

    assert [rate(shape, size) for size in (8e6, 7e9)] == pytest.approx([4e-4, 5e-6])
    assert all(rate(shape, size) < rate("supervised", size) for size in (8e6, 7e9))
    assert FinetuneConfig.model_validate({"base": "model", "shape": shape, "learning_rate": 0.1}).rate(8) == 0.1


def test_it_warms_up_for_a_share_of_the_steps_whatever_makes_them_fewer(lay: Lay, tmp_path: Path) -> None:
    for shape, rows in (("supervised", ANSWERS), *PAIRS_AND_THUMBS):
        config, place = lay(rows, shape=shape, warmup_share=0.25, max_steps=None)
        model, tokenizer = load_taught(config, torch.float32), load_tokenizer(Path(config.base))
        lessons = read_lessons(place / config.train, shape)
        arguments = build_trainer(config, model, tokenizer, lessons, tmp_path, torch.float32).args
        assert [arguments.get_warmup_steps(steps) for steps in (8, 80)] == [2, 20]


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
