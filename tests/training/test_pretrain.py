"""Real runs of a tiny model on the CPU."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoTokenizer, LlamaForCausalLM

from training.config import PretrainConfig
from training.errors import CheckpointError, TrainingError
from training.model import summed_loss
from training.pretrain import pretrain
from training.rendering import IGNORE
from training.schedule import learning_rate

Build = Callable[..., PretrainConfig]


def stop_after(steps: int) -> Callable[[], bool]:
    asked = iter(range(1, 1000))
    return lambda: next(asked) >= steps


def events(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_it_learns_and_says_so(
    corpus: Path, tmp_path: Path, tiny_config: Build, capsys: pytest.CaptureFixture[str]
) -> None:
    pretrain(tiny_config(max_steps=40), directories=[corpus], out=tmp_path / "out")

    told = events(capsys.readouterr().out)
    losses = [event["loss"] for event in told if event["event"] == "step"]
    assert [told[0]["event"], told[-1]["event"], told[-1]["status"]] == ["started", "finished", "done"]
    assert len(losses) == 40
    assert sum(losses[-5:]) < 0.8 * sum(losses[:5])


def test_an_interrupted_run_ends_in_the_same_weights_as_one_that_was_not(
    corpus: Path, tmp_path: Path, tiny_config: Build
) -> None:
    config = tiny_config()
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
    config = tiny_config(max_steps=2)
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


def test_rows_of_a_batch_do_not_see_each_other_nor_the_padding(
    corpus: Path, tmp_path: Path, tiny_config: Build
) -> None:
    pretrain(tiny_config(max_steps=2), directories=[corpus], out=tmp_path)
    model = LlamaForCausalLM.from_pretrained(tmp_path / "model").eval()
    ids = torch.tensor([[9, 10, 11, 12], [13, 14, 0, 0]])
    labels = torch.tensor([[10, 11, 12, 13], [14, 15, IGNORE, IGNORE]])

    together = summed_loss(model, ids, labels)
    alone = summed_loss(model, ids[:1], labels[:1]) + summed_loss(model, ids[1:, :2], labels[1:, :2])

    torch.testing.assert_close(together, alone)


def test_the_learning_rate_warms_up_and_falls_to_its_end(tiny_config: Build) -> None:
    by_steps = tiny_config(max_steps=100, warmup_steps=10, learning_rate=0.1, min_learning_rate=0.01)
    rates = [learning_rate(by_steps, step=step, elapsed_s=0) for step in range(101)]

    assert rates[0] == pytest.approx(0.01)
    assert max(rates) == pytest.approx(0.1, rel=0.03)
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[100] == pytest.approx(0.01)


def test_a_run_by_the_clock_ends_annealed_however_slow_the_machine(
    corpus: Path, tmp_path: Path, tiny_config: Build, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tiny_config(max_steps=None, max_minutes=1 / 60, warmup_steps=0, min_learning_rate=1e-5)

    state = pretrain(config, directories=[corpus], out=tmp_path)

    steps = [event for event in events(capsys.readouterr().out) if event["event"] == "step"]
    assert state.elapsed_s >= 1
    assert steps[-1]["learning_rate"] < 0.2 * config.learning_rate


def test_a_run_is_not_started_over_by_accident(corpus: Path, tmp_path: Path, tiny_config: Build) -> None:
    pretrain(tiny_config(max_steps=1), directories=[corpus], out=tmp_path)

    with pytest.raises(CheckpointError, match="add --resume"):
        pretrain(tiny_config(max_steps=1), directories=[corpus], out=tmp_path)


def test_a_run_is_not_resumed_with_another_configuration(corpus: Path, tmp_path: Path, tiny_config: Build) -> None:
    pretrain(tiny_config(max_steps=1), directories=[corpus], out=tmp_path)

    with pytest.raises(CheckpointError, match="another configuration or other data"):
        pretrain(tiny_config(max_steps=2), directories=[corpus], out=tmp_path, resume=True)


def test_a_finished_run_is_not_resumed(corpus: Path, tmp_path: Path, tiny_config: Build) -> None:
    pretrain(tiny_config(max_steps=1), directories=[corpus], out=tmp_path)

    with pytest.raises(CheckpointError, match="is finished"):
        pretrain(tiny_config(max_steps=1), directories=[corpus], out=tmp_path, resume=True)


def test_only_the_newest_checkpoints_stay(corpus: Path, tmp_path: Path, tiny_config: Build) -> None:
    pretrain(tiny_config(max_steps=5, save_minutes=0), directories=[corpus], out=tmp_path)

    assert sorted(path.name for path in (tmp_path / "checkpoints").iterdir()) == ["step-00000004", "step-00000005"]


def test_a_loss_that_explodes_ends_the_run_with_a_sentence(corpus: Path, tmp_path: Path, tiny_config: Build) -> None:
    config = tiny_config(max_steps=None, max_minutes=1, learning_rate=0.999, warmup_steps=0, max_grad_norm=1e30)
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
    config.write_text(tiny_config(max_steps=100_000).model_dump_json())

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


def test_bad_input_ends_the_command_with_a_sentence_and_status_2(tmp_path: Path) -> None:
    config = tmp_path / "run.toml"
    config.write_text("max_steps = 1\n")

    with run_command(str(config), "--out", str(tmp_path / "out")) as process:
        out, err = process.communicate()

    assert process.returncode == 2
    assert events(out) == [{"event": "failed", "reason": "The field sources is missing."}]
    assert err == "The field sources is missing.\n"


def test_importing_the_package_loads_neither_torch_nor_django() -> None:
    program = (
        "import sys, training.__main__, training.data; print({'torch', 'django', 'transformers'} & set(sys.modules))"
    )

    assert (
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "set()\n"
    )
