"""compose.yml: who is reached by whom, who may do what, and which settings reach whom."""

import itertools
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings

from tests.docker import compose
from tests.docker.compose import FILE, ROOT, NotSet, services
from tests.docker.images import instructions
from webapp.launch import embedded, processes

EXAMPLE = ROOT / ".env.example"
ONE_SHOTS = {"migrate", "model"}
ENGINES, STORES, TRAINERS = {"engine-cpu", "engine-gpu"}, {"postgres", "redis"}, {"train-cpu", "train-gpu"}
RUNNING = sorted(set(services()) - ONE_SHOTS)
# compose.yml gives these itself, or they are for development.
NOT_PASSED_ON = {"ADAPTERS_DIR", "DATABASE_URL", "REDIS_URL", "DATA_DIR", "PORT", "HOST", "BEHIND_PROXY", "DEBUG"}


def joined(service: str) -> set[str]:
    return set(services()[service]["networks"])


def example() -> dict[str, str]:
    """The variables of .env.example, those that are commented out too, and the line above each."""
    lines = EXAMPLE.read_text().splitlines()
    found = [(re.match(r"#?([A-Z][A-Z_]+)=", line), above) for above, line in itertools.pairwise(lines)]
    return {match[1]: above for match, above in found if match}


def read_by_webapp() -> set[str]:
    """The names of the environment variables that the code of webapp/ reads."""
    reader = re.compile(r"""(?:env\.(?:text|flag|number|words|path)|environ\.get)\("([A-Z_]+)\"""")
    return {name for file in (ROOT / "webapp").rglob("*.py") for name in reader.findall(file.read_text())}


def volumes(service: str) -> dict[str, tuple[str, str]]:
    """Where each volume of a service is mounted: (source, mode)."""
    parts = [volume.split(":") for volume in services()[service].get("volumes", [])]
    return {part[1]: (part[0], part[2] if len(part) > 2 else "rw") for part in parts}


def test_it_follows_the_compose_specification(tmp_path: Path) -> None:
    checker = [str(Path(sys.executable).with_name("check-jsonschema")), "--builtin-schema", "vendor.compose-spec"]
    run = subprocess.run([*checker, str(FILE)], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout
    wrong = tmp_path / "compose.yml"
    wrong.write_text(FILE.read_text().replace("read_only:", "readonly:"))
    assert subprocess.run([*checker, str(wrong)], capture_output=True, check=False).returncode == 1


@pytest.mark.parametrize("name", sorted(services()))
def test_no_service_is_root_or_may_become_it(name: str) -> None:
    service = services()[name]
    assert int(service["user"].split(":")[0]) > 0
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert "privileged" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", sorted(services()))
def test_a_service_writes_only_to_its_volumes_and_memory(name: str) -> None:
    assert services()[name]["read_only"] is True
    assert "/tmp" in {place.split(":")[0] for place in services()[name]["tmpfs"]}


@pytest.mark.parametrize("name", RUNNING)
def test_a_service_that_runs_has_a_health_check_and_is_started_again(name: str) -> None:
    service = services()[name]
    assert service["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}
    assert service["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", sorted(ONE_SHOTS))
def test_a_service_that_ends_is_not_started_again(name: str) -> None:
    assert services()[name]["restart"] == "no"
    waited_for = [s["depends_on"][name] for s in services().values() if name in s.get("depends_on", {})]
    assert waited_for
    assert all(w == {"condition": "service_completed_successfully"} for w in waited_for)


def test_only_the_proxy_is_reached_from_outside() -> None:
    assert [name for name, service in services().items() if "ports" in service] == ["proxy"]
    assert joined("proxy") == {"outside"}
    assert not any("network_mode" in service for service in services().values())


def test_stores_and_engines_are_apart_and_have_no_way_out() -> None:
    assert {name for name, network in compose.networks().items() if network.get("internal")} == {"stores", "engines"}
    assert all(joined(name) == {"engines"} for name in ENGINES)
    assert all(joined(name) == {"stores"} for name in STORES)


@pytest.mark.parametrize("name", sorted(ENGINES))
def test_an_engine_knows_no_secret_but_its_own(name: str) -> None:
    values = " ".join(services()[name]["environment"].values())
    assert "the-engines-key" in values
    assert not any(compose.ENV[secret] in values for secret in compose.ENV if secret != "INFERENCE_API_KEY")


def test_both_engines_answer_to_the_name_that_clients_are_told() -> None:
    assert services()["web"]["environment"]["INFERENCE_URL"] == "http://engine:8000"
    assert all(services()[name]["networks"]["engines"]["aliases"] == ["engine"] for name in ENGINES)


def test_every_part_sees_the_adapters_at_one_path_and_only_training_writes_there() -> None:
    sees = {name: volumes(name)["/data/adapters"] for name in services() if "/data/adapters" in volumes(name)}
    assert set(sees) == ENGINES | TRAINERS | {"web", "generate"}
    assert {name for name, mount in sees.items() if mount == ("adapters", "rw")} == TRAINERS
    assert {mount for name, mount in sees.items() if name not in TRAINERS} == {("adapters", "ro")}


def test_only_what_fetches_models_writes_them() -> None:
    sees = {name: volumes(name)["/models"] for name in services() if "/models" in volumes(name)}
    assert set(sees) == ENGINES | TRAINERS | {"model"}
    assert {name for name, (_, mode) in sees.items() if mode == "rw"} == {"model"}


def test_every_volume_is_declared() -> None:
    declared = set(yaml.safe_load(FILE.read_text())["volumes"])
    sources = {source for name in services() for source, _ in volumes(name).values()}
    assert {source for source in sources if not source.startswith(".")} == declared
    mounted = {FILE.parent / source for source in sources if source.startswith(".")}
    assert mounted
    assert all(path.exists() for path in mounted)


@pytest.mark.parametrize("name", [name for name, service in services().items() if "build" in service])
def test_a_build_names_a_dockerfile_and_arguments_that_it_has(name: str) -> None:
    build: dict[str, Any] = services()[name]["build"]
    assert (FILE.parent / build["context"]).resolve() == ROOT
    lines = instructions(build["dockerfile"].removeprefix("docker/").removesuffix(".Dockerfile"))
    has = {line["value"].split("=")[0] for line in lines if line["instruction"] == "ARG"}
    assert set(build.get("args", {})) <= has


@pytest.mark.parametrize("name", [name for name, service in services().items() if "build" not in service])
def test_an_image_that_is_not_ours_is_pinned(name: str) -> None:
    assert re.search(r":v?\d+\.\d+\.\d+[\w.-]*$", services()[name]["image"])


def test_the_engine_for_gpus_is_the_release_whose_flags_we_write() -> None:
    assert services()["engine-gpu"]["image"] == "vllm/vllm-openai:v0.33.0"


@pytest.mark.parametrize("name", sorted(compose.ENV))
def test_it_does_not_start_without_its_secrets(name: str) -> None:
    with pytest.raises(NotSet, match=name):
        services(**{name: ""})


def test_every_setting_is_explained_in_the_example() -> None:
    assert compose.variables() | read_by_webapp() <= set(example())
    assert {name for name, above in example().items() if not re.match(r"# \S.*\.$", above)} == set()


def test_the_example_explains_nothing_that_does_not_exist() -> None:
    known = compose.variables() | read_by_webapp() | {"COMPOSE_FILE", "COMPOSE_PROFILES"}
    assert set(example()) <= known


def test_the_example_has_no_secret_and_starts_what_it_says() -> None:
    given = dict(line.split("=", 1) for line in EXAMPLE.read_text().splitlines() if re.match(r"[A-Z]", line))
    assert {name: given[name] for name in compose.ENV} == dict.fromkeys(compose.ENV, "")
    assert (ROOT / given["COMPOSE_FILE"]).samefile(FILE)
    assert given["COMPOSE_PROFILES"] in {profile for s in services().values() for profile in s.get("profiles", [])}


@pytest.mark.parametrize("name", ["web", "generate", "migrate", "train-cpu", "train-gpu"])
def test_every_setting_reaches_every_part_that_reads_it(name: str) -> None:
    asked = read_by_webapp() - NOT_PASSED_ON
    passed = services(**dict.fromkeys(asked, "1"))[name]["environment"]
    assert asked <= set(passed)
    assert {"DATABASE_URL", "REDIS_URL", "BEHIND_PROXY"} <= set(passed)


def test_the_parts_find_the_stores() -> None:
    environment = services()["web"]["environment"]
    store = services()["postgres"]["environment"]
    database = settings_module().database(environment["DATABASE_URL"])
    assert (database["HOST"], database["PORT"], database["NAME"]) == ("postgres", "5432", store["POSTGRES_DB"])
    assert (database["USER"], database["PASSWORD"]) == (store["POSTGRES_USER"], store["POSTGRES_PASSWORD"])
    password = services()["redis"]["environment"]["REDISCLI_AUTH"]
    assert environment["REDIS_URL"] == f"redis://:{password}@redis:6379/0"


def settings_module() -> Any:
    import webapp.settings

    return webapp.settings


def test_a_process_is_started_as_on_one_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOST", "0.0.0.0")
    monkeypatch.setattr(settings, "PORT", 8000)
    monkeypatch.setattr(settings, "DATA_DIR", Path("/data"))
    parts = {"web": processes.web(), "train-cpu": processes.training_worker(), "train-gpu": processes.training_worker()}
    for name, part in parts.items():
        assert services()[name]["command"] == ["python", *part.argv[part.argv.index("-m") :]]
    manage, *words = processes.generation_worker().argv[1:]
    assert services()["generate"]["command"] == ["python", Path(manage).name, *words]


def test_redis_is_started_as_on_one_machine() -> None:
    command = " ".join(services()["redis"]["command"])
    argv = embedded.redis().argv
    for flag in ("--appendonly", "--save", "--loglevel", "--client-output-buffer-limit"):
        start = argv.index(flag)
        words = [argv[start]]
        for word in argv[start + 1 :]:
            if word.startswith("--"):
                break
            words.append(word or '""')
        assert " ".join(words) in command
    assert '--requirepass "$REDISCLI_AUTH"' in command


def test_a_model_is_named_once_and_found_by_all() -> None:
    chosen = services(MODEL="Qwen/Qwen3-0.6B")
    assert chosen["model"]["environment"]["MODEL"] == "Qwen/Qwen3-0.6B"
    readers = ENGINES | TRAINERS | {"web", "generate"}
    assert {chosen[name]["environment"]["MODEL"] for name in readers} == {"/models/Qwen/Qwen3-0.6B"}
    assert {services()[name]["environment"]["MODEL"] for name in readers} == {""}
