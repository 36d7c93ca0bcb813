"""Two processes that train one model: what they do, they do together, whoever started them: torchrun, or we with
--processes; then they are one to whoever waits for them."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.tiny_llama import write_model
from training.config import PretrainConfig

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE_S = 300
Lay = Callable[..., Path]


@pytest.fixture
def lay(tmp_path: Path) -> Lay:
    """lay(field=…) gives a configuration of a run that measures at each step, with rows beside it."""
    base = write_model(tmp_path / "tiny", context=128)
    rows = [
        {"messages": [{"role": "user", "content": f"Ship {i}?"}, {"role": "assistant", "content": "In Norwick."}]}
        for i in range(24)
    ]

    def write(**changes: Any) -> Path:
        for name, part in (("train.jsonl", rows[4:]), ("held-out.jsonl", rows[:4])):
            (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in part))
        values = {"base": str(base), "r": 4, "batch_size": 2, "max_length": 64, "log_every": 1, "evaluate_every": 1}
        config = tmp_path / "config.json"
        config.write_text(json.dumps({**values, "compared_rows": 1, "early_stopping_patience": 0, **changes}))
        return config

    return write


def teach(config: Path, *words: str) -> subprocess.Popen[str]:
    return launch("-m", "training", "finetune", str(config), "--out", str(config.parent / "out"), *words)


def launch(*words: str) -> subprocess.Popen[str]:
    """As a person starts it on several GPUs."""
    return start("-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", *words)


def start(*words: str) -> subprocess.Popen[str]:
    command = [sys.executable, *words]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def told(process: subprocess.Popen[str]) -> dict[str, list[dict[str, Any]]]:
    """What the run said until it ended, by event."""
    try:
        said, errors = process.communicate(timeout=PATIENCE_S)
    finally:
        process.kill()
    assert process.returncode == 0, errors[-9000:]
    found: dict[str, list[dict[str, Any]]] = {}
    for line in said.splitlines():
        if line.startswith("{"):
            event = json.loads(line)
            found.setdefault(event["event"], []).append(event)
    return found


HURRIED = """
import os, sys, time
from training.__main__ import main
if os.environ["RANK"] == "1":
    slower = time.monotonic
    time.monotonic = lambda: 2 * slower()
sys.exit(main(sys.argv[1:]))
"""


def test_a_stage_by_the_clock_ends_for_all_of_them_at_once(
    corpus: Path, tmp_path: Path, tiny_config: Callable[..., PretrainConfig]
) -> None:
    """Also where the second one's clock goes twice as fast."""
    config, program, out = tmp_path / "config.json", tmp_path / "hurried.py", tmp_path / "out"
    config.write_text(tiny_config({"max_minutes": 0.05, "max_steps": None}, evaluate_every=1000).model_dump_json())
    program.write_text(HURRIED)
    said = told(launch(str(program), "pretrain", str(config), "--corpus", str(corpus), "--out", str(out)))

    assert [event["status"] for event in said["finished"]] == ["done"]
    assert said["step"][-1]["elapsed_s"] >= 3


def second_of(process: subprocess.Popen[str]) -> psutil.Process:
    children = psutil.Process(process.pid).children(recursive=True)
    return next(child for child in children if child.environ().get("RANK") == "1")


TOKENS = len("<user\nShip 10?<\n<assistant\nIn Norwick.<\n") - 1  # of the shortest row


def test_they_go_on_and_save_together_as_long_as_it_gets_better(lay: Lay) -> None:
    said = told(teach(lay(max_steps=6, early_stopping_patience=2, learning_rate=0.01, save_minutes=0)))

    losses = [event["loss"] for event in said["evaluated"]]
    assert min(losses) == min(losses[-2:])  # else they had a reason to end
    assert said["finished"] == [{"event": "finished", "status": "done", "step": 6, "path": said["finished"][0]["path"]}]
    assert [event["step"] for event in said["saved"]] == [1, 2, 3, 4, 5, 6]
    kept = {file.name for file in Path(said["saved"][-1]["path"]).iterdir()}
    assert {"rng_state_0.pth", "rng_state_1.pth", "colloquy.json"} <= kept
    assert said["step"][-1]["tokens"] >= 6 * 4 * TOKENS


def test_they_end_early_together(lay: Lay) -> None:
    said = told(teach(lay(max_steps=40, early_stopping_patience=2, learning_rate=0.9)))

    assert [event["status"] for event in said["finished"]] == ["done"]
    assert said["finished"][0]["step"] < 40


def test_they_stop_together_when_one_of_them_is_asked_to_and_go_on_together(lay: Lay) -> None:
    config = lay(max_steps=24, evaluate_every=3)
    running = teach(config)
    assert running.stdout is not None
    next(line for line in running.stdout if '"event": "step"' in line)
    second_of(running).terminate()
    [stopped] = told(running)["finished"]
    said = told(teach(config, "--resume"))

    assert stopped["status"] == "stopped"
    assert stopped["step"] < 24
    assert said["started"][0]["resumed_from"] == stopped["step"]
    assert [(event["status"], event["step"]) for event in said["finished"]] == [("done", 24)]


def as_one(config: Path, *words: str) -> subprocess.Popen[str]:
    out = str(config.parent / "out")
    return start("-m", "training", "finetune", str(config), "--processes", "2", "--out", out, *words)


def first(process: subprocess.Popen[str], kind: str) -> dict[str, Any]:
    assert process.stdout is not None
    events = (json.loads(line) for line in process.stdout if line.startswith("{"))
    return next(event for event in events if event["event"] == kind)


def ranks(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children()


def ended(process: subprocess.Popen[str]) -> int:
    """How, when all that it said has been said."""
    process.communicate(timeout=PATIENCE_S)
    return process.returncode


def test_they_are_asked_to_stop_as_one_and_die_as_one_and_each_time_go_on(lay: Lay) -> None:
    config = lay(max_steps=100_000, evaluate_every=100_000, save_minutes=0)
    running = as_one(config)
    assert first(running, "saved")["step"] == 1
    assert len(ranks(running)) == 2
    running.terminate()
    [stopped] = told(running)["finished"]
    assert stopped["status"] == "stopped"

    running = as_one(config, "--resume")
    assert first(running, "started")["resumed_from"] == stopped["step"]
    first(running, "saved")
    ranks(running)[1].kill()
    assert ended(running) == -signal.SIGKILL

    running = as_one(config, "--resume")
    first(running, "saved")
    together = ranks(running)
    running.kill()
    assert ended(running) == -signal.SIGKILL
    assert psutil.wait_procs(together, timeout=PATIENCE_S)[1] == []


def test_what_is_wrong_with_their_input_is_their_exit_status(lay: Lay) -> None:
    running = as_one(lay(max_length=-1))
    said, errors = running.communicate(timeout=PATIENCE_S)

    assert running.returncode == 2, errors
    assert {json.loads(line)["event"] for line in said.splitlines() if line.startswith("{")} == {"failed"}
