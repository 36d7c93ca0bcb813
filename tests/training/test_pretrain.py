"""Real runs of a tiny model on the CPU."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoTokenizer, LlamaForCausalLM

from training.batches import collate
from training.checkpoint import StageState, State
from training.config import PretrainConfig, scaled
from training.errors import CheckpointError, TrainingError
from training.model import TensorBatch, weighted_loss
from training.pretrain import pretrain
from training.rendering import Rendered
from training.schedule import learning_rate

Build = Callable[..., PretrainConfig]


def stop_after(steps: int) -> Callable[[], bool]:
    asked = iter(range(1, 1000))
    return lambda: next(asked) >= steps


def after_seconds(seconds: float) -> Callable[[], bool]:
    """Since it was first asked."""
    asked: list[float] = []

    def over() -> bool:
        asked.append(time.monotonic())
        return asked[-1] - asked[0] > seconds

    return over


def document(*ids: int) -> Rendered:
    return Rendered(np.array(ids, dtype=np.int32), np.ones(len(ids), dtype=np.bool_))


def events(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_it_learns_and_says_so(
    corpus: Path, tmp_path: Path, tiny_config: Build, capsys: pytest.CaptureFixture[str]
) -> None:
    pretrain(tiny_config({"max_steps": 40}), directories=[corpus], out=tmp_path / "out")

    told = events(capsys.readouterr().out)
    losses = [event["loss"] for event in told if event["event"] == "step"]
    assert [told[0]["event"], told[-1]["event"], told[-1]["status"]] == ["started", "finished", "done"]
    assert len(losses) == 40
    assert sum(losses[-5:]) < 0.8 * sum(losses[:5])


@pytest.mark.filterwarnings("ignore")  # codecarbon's own, without which there is nothing to read
def test_it_says_what_it_takes_of_the_machine_and_goes_on_counting(
    corpus: Path, tmp_path: Path, tiny_config: Build, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tiny_config({"max_steps": 100_000})
    first = pretrain(config, directories=[corpus], out=tmp_path / "out", should_stop=after_seconds(2.5))
    steps = [event for event in events(capsys.readouterr().out) if event["event"] == "step"]
    config = tiny_config({"max_steps": first.step + 2})
    last = pretrain(config, directories=[corpus], out=tmp_path / "out", resume=True)
    further = [event for event in events(capsys.readouterr().out) if event["event"] == "step"]

    assert all(event["memory_mb"] > 100 for event in steps)  # PyTorch alone takes more
    assert steps[-1]["energy_wh"] == round(first.energy_wh, 3) > 0
    assert round(last.energy_wh, 3) >= further[0]["energy_wh"] >= steps[-1]["energy_wh"]


def test_a_run_that_was_saved_before_its_energy_was_measured_goes_on(
    corpus: Path, tmp_path: Path, tiny_config: Build
) -> None:
    config = tiny_config({"max_steps": 4})
    pretrain(config, directories=[corpus], out=tmp_path / "out", should_stop=stop_after(2))
    [checkpoint] = (tmp_path / "out" / "checkpoints").iterdir()
    state = json.loads((checkpoint / "state.json").read_text())
    del state["energy_wh"]
    (checkpoint / "state.json").write_text(json.dumps(state))

    assert pretrain(config, directories=[corpus], out=tmp_path / "out", resume=True).step == 4


def test_with_each_checkpoint_it_shows_what_it_writes(
    corpus: Path, tmp_path: Path, tiny_config: Build, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tiny_config({"max_steps": 2})
    pretrain(config, directories=[corpus], out=tmp_path / "out", should_stop=stop_after(1))
    pretrain(config, directories=[corpus], out=tmp_path / "out", resume=True)

    samples = [event for event in events(capsys.readouterr().out) if event["event"] == "sampled"]
    assert {event["step"] for event in samples} == {1, 2}
    assert len({event["prompt"] for event in samples}) == len(config.evaluation)  # the same each time
    assert all(event["prompt"] for event in samples)


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_an_interrupted_run_ends_in_the_same_weights_as_one_that_was_not(
    corpus: Path, tmp_path: Path, tiny_config: Build, optimizer: str
) -> None:
    sources = tiny_config().stages[0].model_dump(include={"sources"})
    stages = [{**sources, "max_steps": 4, "prompt_weight": 0.1}, {**sources, "max_steps": 8, "end_rate": 0.0}]
    config = tiny_config(stages=stages, optimizer=optimizer, accumulate=2)
    whole, parts = tmp_path / "whole", tmp_path / "parts"

    pretrain(config, directories=[corpus], out=whole)
    pretrain(config, directories=[corpus], out=parts, should_stop=stop_after(5))
    pretrain(config, directories=[corpus], out=parts, resume=True, should_stop=stop_after(2))
    pretrain(config, directories=[corpus], out=parts, resume=True)

    expected, found = (load_file(out / "model" / "model.safetensors") for out in (whole, parts))
    assert expected.keys() == found.keys()
    assert all(torch.equal(expected[name], found[name]) for name in expected)
    first, second = (json.loads((out / "model" / "run.json").read_text()) for out in (whole, parts))
    assert first["metrics"] == second["metrics"]
    assert first["tokens"] == second["tokens"]


def test_the_model_directory_loads_in_transformers_and_says_what_made_it(
    corpus: Path, tmp_path: Path, tiny_config: Build
) -> None:
    config = tiny_config({"max_steps": 2})
    pretrain(config, directories=[corpus], out=tmp_path)

    model: Any = LlamaForCausalLM.from_pretrained(tmp_path / "model")
    tokenizer: Any = AutoTokenizer.from_pretrained(tmp_path / "model")
    prompt = tokenizer.apply_chat_template(
        [{"role": "user", "content": "Hello"}], add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    reply = model.generate(**prompt, max_new_tokens=3, do_sample=False)

    assert reply.shape[1] > prompt["input_ids"].shape[1]
    assert tokenizer.convert_tokens_to_ids("<|im_end|>") in model.generation_config.eos_token_id
    run = json.loads((tmp_path / "model" / "run.json").read_text())
    assert PretrainConfig.model_validate(run["config"]) == config
    assert len(run["data"]["chat.jsonl"]) == 64
    assert not list((tmp_path / "model").glob("*.bin"))


def test_documents_packed_into_a_row_do_not_see_each_other_nor_the_padding(
    corpus: Path, tmp_path: Path, tiny_config: Build
) -> None:
    pretrain(tiny_config({"max_steps": 2}), directories=[corpus], out=tmp_path)
    model = LlamaForCausalLM.from_pretrained(tmp_path / "model").eval()
    long, short = document(9, 10, 11, 12, 13), document(13, 14, 15)

    def loss(*rows: list[int], width: int) -> torch.Tensor:
        batch = collate([long, short], rows, shape=(len(rows), width), prompt_weight=0)
        return weighted_loss(model, TensorBatch.of(batch, torch.device("cpu")))

    together, alone = loss([0, 1], width=9), loss([0], width=4) + loss([1], width=2)

    torch.testing.assert_close(together, alone)
    torch.testing.assert_close(loss([1, 0], [1], width=7), alone + loss([1], width=2))


def test_a_loss_is_that_of_transformers_where_every_token_counts(
    corpus: Path, tmp_path: Path, tiny_config: Build
) -> None:
    pretrain(tiny_config({"max_steps": 2}), directories=[corpus], out=tmp_path)
    model: Any = LlamaForCausalLM.from_pretrained(tmp_path / "model").eval()
    batch = collate([document(9, 10, 11, 12)], [[0]], shape=(1, 3), prompt_weight=0)
    ids = torch.tensor([[9, 10, 11, 12]])

    expected = model(input_ids=ids, labels=ids).loss * 3

    torch.testing.assert_close(weighted_loss(model, TensorBatch.of(batch, torch.device("cpu"))), expected)


def rates(config: PretrainConfig, *places: tuple[int, int]) -> list[float]:
    """Learning rates at (stage, step of the stage); stages have 100 steps."""
    return [
        learning_rate(config, State(step=100 * stage + step, stage=StageState(stage, step))) for stage, step in places
    ]


def test_the_learning_rate_warms_up_stays_and_falls(tiny_config: Build) -> None:
    sources = tiny_config().stages[0].model_dump(include={"sources"})
    stages = [{**sources, "max_steps": 100}, {**sources, "max_steps": 100, "end_rate": 0.1}]
    config = tiny_config(stages=stages, warmup_steps=10, learning_rate=0.1)

    warm = rates(config, (0, 0), (0, 4), (0, 9))
    stable = rates(config, (0, 10), (0, 99), (1, 0))
    falling = rates(config, (1, 50), (1, 100))

    assert warm == pytest.approx([0.01, 0.05, 0.1])
    assert stable == pytest.approx([0.1, 0.1, 0.1])
    assert falling == pytest.approx([0.055, 0.01])


def test_a_stage_may_be_ended_early_and_the_next_goes_on_from_its_weights(
    corpus: Path, tmp_path: Path, tiny_config: Build, capsys: pytest.CaptureFixture[str]
) -> None:
    sources = tiny_config().stages[0].model_dump(include={"sources"})
    stages = [{**sources, "max_steps": 1000}, {**sources, "max_steps": 4, "end_rate": 0.0}]
    asked = iter(range(1, 1000))

    state = pretrain(
        tiny_config(stages=stages, warmup_steps=0),
        directories=[corpus],
        out=tmp_path,
        should_advance=lambda: next(asked) == 6,
    )

    steps = [event for event in events(capsys.readouterr().out) if event["event"] == "step"]
    assert state.step == 10
    assert [step["learning_rate"] / 2e-3 for step in steps] == pytest.approx([1] * 7 + [0.75, 0.5, 0.25])


def test_a_run_by_the_clock_ends_annealed_however_slow_the_machine(
    corpus: Path, tmp_path: Path, tiny_config: Build, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tiny_config({"max_steps": None, "max_minutes": 1 / 60}, warmup_steps=0)

    state = pretrain(config, directories=[corpus], out=tmp_path)

    steps = [event for event in events(capsys.readouterr().out) if event["event"] == "step"]
    assert state.elapsed_s >= 1
    assert steps[-1]["learning_rate"] < 0.2 * config.learning_rate


def test_a_run_is_not_started_over_by_accident(corpus: Path, tmp_path: Path, tiny_config: Build) -> None:
    pretrain(tiny_config({"max_steps": 1}), directories=[corpus], out=tmp_path)

    with pytest.raises(CheckpointError, match="add --resume"):
        pretrain(tiny_config({"max_steps": 1}), directories=[corpus], out=tmp_path)


def test_a_run_is_not_resumed_with_another_configuration(corpus: Path, tmp_path: Path, tiny_config: Build) -> None:
    pretrain(tiny_config({"max_steps": 2}), directories=[corpus], out=tmp_path, should_stop=stop_after(1))

    with pytest.raises(CheckpointError, match="another configuration or other data"):
        pretrain(tiny_config({"max_steps": 2}, seed=1), directories=[corpus], out=tmp_path, resume=True)


def test_a_run_of_an_earlier_version_goes_on_though_its_configuration_lacks_a_field(
    corpus: Path, tmp_path: Path, tiny_config: Build
) -> None:
    config = tiny_config({"max_steps": 2})
    pretrain(config, directories=[corpus], out=tmp_path, should_stop=stop_after(1))
    state = tmp_path / "checkpoints" / "step-00000001" / "state.json"
    earlier = json.loads(state.read_text())
    for source in earlier["run"]["config"]["stages"][0]["sources"]:
        del source["weight"]
    state.write_text(json.dumps(earlier))

    assert pretrain(config, directories=[corpus], out=tmp_path, resume=True).step == 2


def test_a_run_that_was_stopped_can_be_made_longer(corpus: Path, tmp_path: Path, tiny_config: Build) -> None:
    pretrain(tiny_config({"max_steps": 2}), directories=[corpus], out=tmp_path, should_stop=stop_after(1))

    assert pretrain(tiny_config({"max_steps": 5}), directories=[corpus], out=tmp_path, resume=True).step == 5


def test_a_finished_run_is_not_resumed(corpus: Path, tmp_path: Path, tiny_config: Build) -> None:
    pretrain(tiny_config({"max_steps": 1}), directories=[corpus], out=tmp_path)

    with pytest.raises(CheckpointError, match="is finished"):
        pretrain(tiny_config({"max_steps": 1}), directories=[corpus], out=tmp_path, resume=True)


def test_the_finished_weights_come_in_the_dtype_and_the_pieces_that_were_asked_for(
    corpus: Path, tmp_path: Path, tiny_config: Build
) -> None:
    shape = tiny_config().model.model_dump() | {"hidden_size": 256, "intermediate_size": 1024, "num_hidden_layers": 3}
    config = tiny_config({"max_steps": 1}, model=shape, weights_dtype="bfloat16", shard_megabytes=2)

    pretrain(config, directories=[corpus], out=tmp_path)

    pieces = sorted((tmp_path / "model").glob("model-*.safetensors"))
    model: Any = LlamaForCausalLM.from_pretrained(tmp_path / "model")
    assert len(pieces) > 1
    assert all(piece.stat().st_size < 2.1e6 for piece in pieces)
    assert model.dtype is torch.bfloat16
    assert json.loads((tmp_path / "model" / "config.json").read_text())["dtype"] == "bfloat16"
    expected = load_file(next((tmp_path / "checkpoints").iterdir()) / "model.safetensors")
    for name, value in model.state_dict().items():
        if name in expected:
            torch.testing.assert_close(value, expected[name].bfloat16())


def test_a_run_is_tried_out_at_a_fraction_of_its_length(tiny_config: Build) -> None:
    stages = tiny_config({"max_steps": 2000}), tiny_config({"max_steps": None, "max_tokens": 500})

    assert scaled(stages[0], 0.01).stages[0].max_steps == 20
    assert scaled(stages[1], 0.0001).stages[0].max_tokens == 1


def test_only_the_newest_checkpoints_stay(corpus: Path, tmp_path: Path, tiny_config: Build) -> None:
    pretrain(tiny_config({"max_steps": 5}, save_minutes=0), directories=[corpus], out=tmp_path)

    assert sorted(path.name for path in (tmp_path / "checkpoints").iterdir()) == ["step-00000004", "step-00000005"]


def test_a_loss_that_explodes_ends_the_run_with_a_sentence(corpus: Path, tmp_path: Path, tiny_config: Build) -> None:
    config = tiny_config(learning_rate=0.999, warmup_steps=0, max_grad_norm=1e30)
    poisoned = config.model_copy(update={"learning_rate": float("inf")})

    with pytest.raises(TrainingError, match=r"no longer a number at step \d+: lower learning_rate"):
        pretrain(poisoned, directories=[corpus], out=tmp_path)


def run_command(*arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "training", "pretrain", *arguments]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def test_sigterm_saves_a_checkpoint_and_exits_with_status_stopped(
    corpus: Path, tmp_path: Path, tiny_config: Build
) -> None:
    config = tmp_path / "run.json"
    config.write_text(tiny_config({"max_steps": 100_000}).model_dump_json())

    with run_command(str(config), "--corpus", str(corpus), "--out", str(tmp_path / "out")) as process:
        assert process.stdout
        for line in process.stdout:
            if '"step"' in line:
                process.send_signal(signal.SIGTERM)
                break
        rest = events(process.stdout.read())

    assert process.returncode == 0
    assert (rest[-1]["event"], rest[-1]["status"]) == ("finished", "stopped")
    assert (Path(rest[-1]["path"]) / "optimizer.safetensors").is_file()


def test_a_run_whose_listener_has_died_still_saves_a_checkpoint(
    corpus: Path, tmp_path: Path, tiny_config: Build
) -> None:
    config = tmp_path / "run.json"
    config.write_text(tiny_config({"max_steps": 100_000}).model_dump_json())

    with run_command(str(config), "--corpus", str(corpus), "--out", str(tmp_path / "out")) as process:
        assert process.stdout
        assert any('"step"' in line for line in process.stdout)
        process.stdout.close()
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)

    assert process.returncode == 0
    assert list((tmp_path / "out" / "checkpoints").glob("step-*/optimizer.safetensors"))


def test_two_processes_end_in_the_weights_of_one_that_takes_their_batches(
    corpus: Path, tmp_path: Path, tiny_config: Build
) -> None:
    config = tmp_path / "run.json"
    config.write_text(tiny_config({"max_steps": 6}, accumulate=1).model_dump_json())
    pretrain(tiny_config({"max_steps": 6}, accumulate=2), directories=[corpus], out=tmp_path / "one")

    program = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    arguments = ["-m", "training", "pretrain", str(config), "--corpus", str(corpus), "--out", str(tmp_path / "two")]
    done = subprocess.run(
        [*program, *arguments], capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"}, timeout=120
    )

    assert done.returncode == 0, done.stderr
    one, two = (load_file(tmp_path / name / "model" / "model.safetensors") for name in ("one", "two"))
    for name in one:
        torch.testing.assert_close(one[name], two[name])
    finished = [event for event in events(done.stdout) if event["event"] == "finished"]
    assert [event["status"] for event in finished] == ["done"]


def test_bad_input_ends_the_command_with_a_sentence_and_status_2(tmp_path: Path) -> None:
    config = tmp_path / "run.toml"
    config.write_text("max_steps = 1\n")

    with run_command(str(config), "--out", str(tmp_path / "out")) as process:
        out, err = process.communicate()

    assert process.returncode == 2
    (event,) = events(out)
    assert event["event"] == "failed"
    assert event["reason"] == err.rstrip("\n")
    assert err == "The field stages is missing. Unknown field max_steps: check its spelling or leave it out.\n"


def test_importing_the_package_loads_neither_torch_nor_django() -> None:
    program = (
        "import sys, training.__main__, training.data; print({'torch', 'django', 'transformers'} & set(sys.modules))"
    )

    assert (
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "set()\n"
    )
