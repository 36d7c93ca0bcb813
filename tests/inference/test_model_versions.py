"""What tells one model directory from another."""

from pathlib import Path

from inference.models import context_of, version_of

WEIGHTS = b"x" * 3_000_000


def model(place: Path, weights: bytes) -> str:
    place.mkdir()
    (place / "model.safetensors").write_bytes(weights)
    return str(place)


def test_a_models_version_is_of_the_run_that_made_it(tmp_path: Path) -> None:
    one, other = model(tmp_path / "one", b"same"), model(tmp_path / "other", b"same")
    for place, run in ((one, "{}"), (other, '{"steps": 2}')):
        Path(place, "run.json").write_text(run)
    assert len(version_of(one)) == 12
    assert version_of(one) != version_of(other)


def test_without_a_run_it_is_of_the_weights(tmp_path: Path) -> None:
    same = [model(tmp_path / name, WEIGHTS) for name in ("one", "copy")]
    at_the_end = model(tmp_path / "end", WEIGHTS[:-1] + b"y")
    at_the_beginning = model(tmp_path / "beginning", b"y" + WEIGHTS[1:])
    assert len({version_of(place) for place in (*same, at_the_end, at_the_beginning)}) == 3


def test_a_hubs_model_and_an_empty_directory_have_none(tmp_path: Path) -> None:
    assert version_of("Qwen/Qwen3-0.6B") == version_of(str(tmp_path)) == ""


def test_the_context_is_what_the_configuration_says(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"max_position_embeddings": 4096}')
    assert context_of(str(tmp_path)) == 4096
    assert context_of(str(tmp_path / "nowhere")) is None
