"""Adapters that people bring: what is good is kept in the store, what is not gets a sentence and leaves nothing."""

import asyncio
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from safetensors.numpy import save

from tests.tiny_llama import write_model
from tests.webapp import chinese
from tests.webapp.people import client_of
from tests.webapp.serving.conftest import Make
from webapp.accounts.models import Team, User
from webapp.serving import admission, services, tasks
from webapp.serving.admission import store
from webapp.serving.models import Adapter, Checked

pytestmark = pytest.mark.django_db
Files = dict[str, bytes]
CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"


@pytest.fixture
def browser(anna: User) -> Client:
    return client_of(anna)


@pytest.fixture
def good(adapter_files: Callable[..., Path]) -> Files:
    made = adapter_files()
    return {name: (made / name).read_bytes() for name in (CONFIG, WEIGHTS)} | {"run.json": b'{"loss": 1}'}


def zipped(files: Files, folder: str = "", method: int = zipfile.ZIP_DEFLATED) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(folder + name, content)
    return held.getvalue()


def bring(browser: Client, *files: tuple[str, bytes]) -> Adapter:
    """As it is once a worker has checked it."""
    response = browser.post("/serving/adapters/", {"upload": [SimpleUploadedFile(*file) for file in files]})
    assert response.status_code == 302, response.content.decode()
    adapter = Adapter.objects.get(status=Checked.CHECKING)
    admission.check(adapter)
    adapter.refresh_from_db()
    assert not adapter.upload.exists()
    return adapter


@pytest.mark.parametrize("folder", ["", "tea-adapter/", "a/b/c/"])
def test_an_archive_is_unpacked_checked_and_kept(browser: Client, good: Files, folder: str) -> None:
    adapter = bring(browser, ("teas.zip", zipped(good | {"README.md": b"Hi", "optimizer.pt": b"pickle"}, folder)))
    assert (adapter.status, adapter.name, adapter.rank) == (Checked.READY, "teas", 8)
    assert sorted(file.name for file in store().path(adapter.sha256).iterdir()) == [CONFIG, WEIGHTS, "run.json"]
    assert adapter.target_modules == ["o_proj", "q_proj", "v_proj"]


def test_the_files_themselves_are_taken_too(browser: Client, good: Files) -> None:
    adapter = bring(browser, *((name, good[name]) for name in (CONFIG, WEIGHTS)))
    assert adapter.status == Checked.READY


def changed(files: Files, **options: object) -> Files:
    return files | {CONFIG: json.dumps(json.loads(files[CONFIG]) | options).encode()}


def without(files: Files, name: str) -> Files:
    return {key: value for key, value in files.items() if key != name}


def weights(shape: tuple[int, int]) -> bytes:
    stem = "base_model.model.model.layers.0.self_attn.q_proj.lora_"
    return save({f"{stem}A.weight": np.ones((8, shape[1]), "f4"), f"{stem}B.weight": np.ones((shape[0], 8), "f4")})


def linked(files: Files) -> bytes:
    """An archive in which the weights are a symbolic link to somewhere else."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr(CONFIG, files[CONFIG])
        link = zipfile.ZipInfo(WEIGHTS)
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    return held.getvalue()


def bomb(files: Files) -> bytes:
    return zipped(files | {CONFIG: b" " * (2**20 + 1)})


def understated(files: Files) -> bytes:
    """A bomb that says of itself, in the archive's table of contents, that it is small."""
    data = bytearray(bomb(files))
    entry = data.index(b"PK\x01\x02")  # the first of the table, whose 24th byte on is the size when unpacked
    assert data[entry + 46 :].startswith(CONFIG.encode())
    data[entry + 24 : entry + 28] = (100).to_bytes(4, "little")
    return bytes(data)


def climbing(files: Files) -> bytes:
    """Names that would lie outside; only bare names are ever used, and these are two folders."""
    return zipped({"../../" + CONFIG: files[CONFIG], "/etc/" + WEIGHTS: files[WEIGHTS]})


def lying(files: Files) -> bytes:
    """The sum of what was packed does not hold."""
    data = bytearray(zipped(files, method=zipfile.ZIP_STORED))
    at = data.index(files[CONFIG])
    data[at] ^= 0xFF
    return bytes(data)


BAD: list[tuple[str, Callable[[Files], bytes], str]] = [
    ("empty archive", lambda f: zipped({}), "holds no file adapter_config.json"),
    ("no archive at all", lambda f: b"not a zip", "damaged or encrypted"),
    ("an archive cut off", lambda f: zipped(f)[:-40], "damaged or encrypted"),
    ("a checksum that does not hold", lying, "damaged or encrypted"),
    ("no configuration", lambda f: zipped(without(f, CONFIG)), "holds no file adapter_config.json"),
    ("no weights", lambda f: zipped(without(f, WEIGHTS)), "holds no file adapter_model.safetensors"),
    ("pickled weights", lambda f: zipped(without(f, WEIGHTS) | {"adapter_model.bin": b"x"}), "Its weights are pickled"),
    ("two adapters", lambda f: zipped({f"{d}/{n}": c for d in "ab" for n, c in f.items()}), "several adapters"),
    ("a bomb", bomb, "adapter_config.json is too large when it is unpacked"),
    ("a bomb that understates its size", understated, "is damaged"),
    ("a link", linked, "is damaged"),
    ("names that climb out", climbing, "several adapters"),
    ("very many files", lambda f: zipped(f | {f"{n}.txt": b"" for n in range(1000)}), "too many files"),
    ("configuration that is no JSON", lambda f: zipped(f | {CONFIG: b"{"}), "is damaged"),
    ("configuration that is a list", lambda f: zipped(f | {CONFIG: b"[]"}), "no LoRA adapter"),
    ("binary configuration", lambda f: zipped(f | {CONFIG: b"\xff\xfe\x00"}), "damaged"),
    ("no LoRA", lambda f: zipped(changed(f, peft_type="PROMPT_TUNING")), "no LoRA adapter"),
    ("DoRA", lambda f: zipped(changed(f, use_dora=True)), "DoRA"),
    ("whole layers", lambda f: zipped(changed(f, modules_to_save=["lm_head"])), "modules_to_save"),
    ("biases", lambda f: zipped(changed(f, bias="all")), "biases"),
    ("a rank over the limit", lambda f: zipped(changed(f, r=128)), "Its rank is 128, and 64 is the most"),
    ("a rank of nothing", lambda f: zipped(changed(f, r=0)), "ranks"),
    ("damaged weights", lambda f: zipped(f | {WEIGHTS: f[WEIGHTS][:-100]}), "adapter_model.safetensors is damaged"),
    ("empty weights", lambda f: zipped(f | {WEIGHTS: b""}), "adapter_model.safetensors is damaged"),
    ("another base model", lambda f: zipped(f | {WEIGHTS: weights((99, 77))}), "made for another base model"),
]


@pytest.mark.parametrize(("make", "sentence"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_what_is_bad_gets_a_sentence_and_leaves_nothing(
    browser: Client, good: Files, make: Callable[[Files], bytes], sentence: str
) -> None:
    adapter = bring(browser, ("teas.zip", make(good)))
    assert adapter.status == Checked.REFUSED
    assert sentence in adapter.problem
    assert chinese.english_in(adapter.problem) == []
    assert not store().versions()
    assert adapter.problem[:20] in browser.get(adapter.get_absolute_url()).content.decode().replace("&#x27;", "'")


def test_who_reads_chinese_is_told_in_chinese_why_an_adapter_is_refused(
    browser: Client, good: Files, anna: User
) -> None:
    adapter = bring(browser, ("teas.zip", zipped(changed(good, r=128))))

    assert "它的秩是 128，而最多支持 64：请用更小的秩训练。" in chinese.page(anna, adapter.get_absolute_url())


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ([], "files first."),
        ([("teas.zip", b"")], "The file is empty."),
        ([("adapter_model.bin", b"x")], "Pickled weights (.bin) are never read."),
        ([(CONFIG, b"{}")], "together"),
        ([("a.zip", b"x"), ("b.zip", b"x")], "Choose one .zip archive"),
        ([(CONFIG, b"{}"), (WEIGHTS, b"x"), ("evil.py", b"x")], "Choose one .zip archive"),
    ],
)
def test_a_choice_of_files_that_makes_no_adapter_gets_a_sentence(browser: Client, files: list, sentence: str) -> None:
    sent = {"upload": [SimpleUploadedFile(*file) for file in files]} if files else {}
    response = browser.post("/serving/adapters/", sent)
    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert not Adapter.objects.exists()


def test_the_same_adapter_brought_again_is_refused_with_the_way_to_where_it_is(
    browser: Client, good: Files, team: Team, anna: User
) -> None:
    first = bring(browser, ("teas.zip", zipped(good)))
    again = bring(browser, ("other.zip", zipped(good, "folder/")))
    assert (again.status, again.same_as) == (Checked.REFUSED, first)
    assert again.problem == "The same adapter was here already, as teas: it was not added again."
    assert f'href="{first.get_absolute_url()}">Show teas</a>' in browser.get(again.get_absolute_url()).content.decode()

    model = services.create_model(team=team, name="Support", teams=[team])
    services.put_in_service(model=model, adapter=first, author=anna)
    third = bring(browser, *((name, good[name]) for name in (CONFIG, WEIGHTS)))
    assert third.problem == "The same adapter was here already, as version 1 of Support: it was not added again."
    for path in (third.get_absolute_url(), again.get_absolute_url(), "/serving/"):
        page = browser.get(path).content.decode()
        assert f'href="{model.get_absolute_url()}">Show Support · 1</a>' in page
    assert chinese.english_in(third.problem) == []

    browser.post(third.get_absolute_url() + "delete/")
    tasks.forget(str(third.pk), third.sha256)
    assert store().versions() == {first.sha256}
    assert sorted(file.name for file in store().path(first.sha256).iterdir()) == [CONFIG, WEIGHTS, "run.json"]


def test_what_differs_in_its_weights_or_its_configuration_is_another_adapter(
    browser: Client, good: Files, adapter_files: Callable[..., Path]
) -> None:
    other = {WEIGHTS: (adapter_files(2) / WEIGHTS).read_bytes()}
    for files in (good, changed(good, lora_alpha=7), good | other):
        assert bring(browser, ("teas.zip", zipped(files))).status == Checked.READY


def test_the_same_adapter_is_another_teams_own_or_another_bases(
    browser: Client, good: Files, charlie: User, settings, tmp_path: Path
) -> None:
    bring(browser, ("teas.zip", zipped(good)))
    assert bring(client_of(charlie), ("teas.zip", zipped(good))).ready
    Adapter.objects.update(base="another")
    assert bring(browser, ("teas.zip", zipped(good))).ready


def test_an_adapter_whose_files_were_lost_or_damaged_is_whole_again_when_it_is_brought_again(
    browser: Client, good: Files
) -> None:
    place = store().path(bring(browser, ("teas.zip", zipped(good))).sha256)
    (place / WEIGHTS).chmod(0o600)
    (place / WEIGHTS).write_bytes(good[WEIGHTS][:-100])
    assert not bring(browser, ("teas.zip", zipped(good))).ready
    assert (place / WEIGHTS).read_bytes() == good[WEIGHTS]

    store().remove(place.name)
    assert not bring(browser, ("teas.zip", zipped(good))).ready
    assert (place / WEIGHTS).read_bytes() == good[WEIGHTS]


def test_an_adapter_has_the_name_it_was_given_or_else_that_of_its_file(browser: Client, good: Files) -> None:
    for name, called in (("", "TEAS"), ("  Green teas ", "Green teas")):
        sent = {"name": name, "upload": [SimpleUploadedFile("TEAS.ZIP", zipped(good))]}
        assert browser.post("/serving/adapters/", sent).status_code == 302
        assert Adapter.objects.latest("created_at").name == called


def test_what_was_typed_stays_where_the_files_are_refused(browser: Client) -> None:
    sent = {"name": "Green teas", "upload": [SimpleUploadedFile("adapter_model.bin", b"x")]}
    response = browser.post("/serving/adapters/", sent)
    assert response.status_code == 422
    assert 'value="Green teas"' in response.content.decode()


def test_without_its_base_model_here_nothing_is_taken_on_trust(browser: Client, good: Files, settings) -> None:
    settings.MODEL = "somebody/model"
    assert "lies on another machine" in bring(browser, ("teas.zip", zipped(good))).problem


def test_a_run_that_taught_another_base_model_of_the_same_shape_is_refused(
    make_adapter: Make, settings, tmp_path: Path
) -> None:
    settings.MODEL = str(write_model(tmp_path / "one", seed=1))
    settings.BUILTIN_MODEL = Path(settings.MODEL)
    assert make_adapter().ready
    settings.MODEL = str(write_model(tmp_path / "two", seed=2))
    assert Adapter.objects.get().base != admission.base_version()


def test_an_adapter_is_downloaded_as_it_was_brought(browser: Client, good: Files) -> None:
    adapter = bring(browser, ("teas.zip", zipped(good)))
    response = browser.get(f"{adapter.get_absolute_url()}adapter.zip")
    assert "teas.zip" in response["Content-Disposition"]

    async def read() -> bytes:
        return b"".join([piece async for piece in response.streaming_content])

    with zipfile.ZipFile(io.BytesIO(asyncio.run(read()))) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == good
