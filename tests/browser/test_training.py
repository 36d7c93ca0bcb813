"""An admin gives the product a file and gets a model: uploaded, checked, trained, watched, ready to serve; and what the
pages show of runs in every state."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from inference.models import check_model
from tests.browser.conftest import Visit
from tests.browser.people import Site
from tests.browser.prepared_runs import forget_runs, make_runs, resume_run
from tests.browser.test_accessibility import findings
from tests.browser.test_teaching import freeze

RUN_MS = 240_000  # a run of one minute, its start and end, and a busy machine
TALE = "\n\n".join(
    f"The {a} sat by the {b} and drank {c}."
    for a in ("fox", "hen")
    for b in ("mill", "well")
    for c in "tea milk".split()
)


@pytest.fixture
def tale(tmp_path: Path) -> Path:
    path = tmp_path / "tale.txt"
    path.write_text("\n\n".join([TALE] * 60))
    return path


def upload(page: Page, site: Site, path: Path) -> None:
    page.goto(f"{site.url}/runs/new/")
    page.get_by_label("Add a file").set_input_files(path)
    page.get_by_role("button", name="Upload").click()


def test_a_model_is_trained_from_an_uploaded_file_until_it_is_ready_to_serve(
    site: Site, alice: Page, tale: Path
) -> None:
    upload(alice, site, tale)
    alice.get_by_role("checkbox", name="tale.txt").check()
    alice.get_by_label("Name", exact=True).fill("Tales")
    alice.get_by_role("radio", name="Tiny").check()
    alice.get_by_label("Time").select_option("1")
    alice.get_by_role("button", name="Start").click()

    expect(alice.locator("#chart-loss path").first).to_be_visible(timeout=RUN_MS)
    before = alice.locator('[data-fact="step"]').inner_text()
    expect(alice.locator('[data-fact="step"]')).not_to_have_text(before)  # without a reload
    alice.locator("#chart-loss").press("ArrowRight")
    expect(alice.locator("#reading")).to_contain_text("Step")
    alice.reload()
    expect(alice.locator("#chart-loss path").first).to_be_visible()

    expect(alice.get_by_text("The model is ready to serve")).to_be_visible(timeout=RUN_MS)
    alice.get_by_label("A text, as its tokenizer divides it").fill("The fox drank tea.")
    expect(alice.locator(".piece").first).to_contain_text("The")
    command = alice.get_by_label("Command").first.input_value()
    check_model(command.removeprefix("MODEL=").removesuffix(" make up"))

    alice.get_by_role("link", name="Models").click()
    expect(alice.get_by_role("link", name="Tales")).to_be_visible()


def test_a_run_is_stopped_and_deleted(site: Site, alice: Page, tale: Path) -> None:
    upload(alice, site, tale)
    alice.get_by_role("checkbox", name="tale.txt").first.check()
    alice.get_by_label("Name", exact=True).fill("Short")
    alice.get_by_label("Time").select_option("60")
    alice.get_by_role("button", name="Start").click()
    alice.get_by_role("button", name="Stop").click()

    expect(alice.get_by_text("Stopped", exact=True)).to_be_visible(timeout=RUN_MS)
    alice.get_by_role("button", name="Delete").click()
    alice.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(alice.get_by_text("The run was deleted.")).to_be_visible()


def test_a_file_that_cannot_be_used_says_why_and_where(site: Site, alice: Page, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"text": "fine"}\n{oops\n')
    upload(alice, site, broken)

    expect(alice.get_by_text("line 2")).to_be_visible()
    alice.get_by_role("button", name="Remove broken.jsonl").click()
    expect(alice.get_by_text("line 2")).to_have_count(0)


def test_members_find_no_way_to_training(site: Site, bob: Page) -> None:
    bob.goto(f"{site.url}/chat/")
    expect(bob.get_by_role("link", name="Chat", exact=True)).to_be_visible()
    expect(bob.get_by_role("link", name="Models")).to_have_count(0)


@pytest.fixture
def prepared(site: Site) -> Iterator[dict[str, str]]:
    yield make_runs(site)
    forget_runs(site)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_about_runs_in_any_state(
    site: Site, visit: Visit, prepared: dict[str, str], scheme: str
) -> None:
    page = visit(site, "Alice", color_scheme=scheme)
    judging = {"judging": f"{prepared['done']}judge/"}
    for state, address in ({"list": f"{site.url}/runs/", "models": f"{site.url}/models/"} | prepared | judging).items():
        page.goto(address)
        assert findings(page).startswith("Found 0 "), state
    page.goto(f"{site.url}/runs/teach/")
    page.get_by_text("More settings").click()
    page.get_by_label("Name", exact=True).fill("")
    page.get_by_label("Epochs").fill("0")
    page.get_by_role("button", name="Estimate the cost").click()
    expect(page.get_by_text("Give the run a name, to know it again.")).to_be_visible()
    assert findings(page).startswith("Found 0 "), "form with errors"
    page.goto(f"{site.url}/runs/new/")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_text("Give the model a name, to know it again.")).to_be_visible()
    assert findings(page).startswith("Found 0 "), "form from scratch with errors"


def test_every_state_of_a_run_says_what_it_is_and_what_one_may_do(
    site: Site, visit: Visit, prepared: dict[str, str]
) -> None:
    phone = visit(site, "Alice", viewport={"width": 390, "height": 844})
    for state, (said, may) in {
        "measured": ("Estimated from a few real steps", "Start"),
        "too large": ("choose LoRA, or fewer rows in a step", "Estimate again"),
        "queued": ("It waits its turn: 1 run goes before it.", "Stop"),
        "running": ("28 / 68", "Stop"),
        "stopped": ("Stopped before its first checkpoint", "Begin again"),
        "failed": ("ended with status 3", "Begin again"),
        "done": ("The adapter is ready.", "Delete"),
        "written": ("The model is ready to serve.", "Delete"),
    }.items():
        phone.goto(prepared[state])
        expect(phone.get_by_text(said)).to_be_visible()
        expect(phone.get_by_role("button", name=may, exact=True).first).to_be_visible()
        assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth"), state
        assert phone.evaluate("document.documentElement.scrollHeight <= innerHeight"), state
    phone.goto(prepared["too large"])
    expect(phone.get_by_role("button", name="Start")).to_have_count(0)
    phone.goto(prepared["failed"])
    expect(phone.get_by_text("The run begins.")).to_be_visible()


def test_a_curve_is_read_by_pointing_and_by_keys(site: Site, alice: Page, prepared: dict[str, str]) -> None:
    alice.goto(prepared["done"])
    chart, reading = alice.locator("#chart-loss"), alice.locator("#reading")
    expect(chart.locator("path")).to_have_count(3)
    chart.hover(position={"x": 60, "y": 80})
    expect(reading).to_contain_text(
        re.compile(r"^Step \d+ · training [\d.]+ .*held out [\d.]+ .*base model, held out 5.00$")
    )
    chart.press("Home")
    expect(reading).to_contain_text("Step 0")
    chart.press("End")
    expect(reading).to_contain_text("Step 67 · training 0.0882 · held out 0.0820 (at step 60) · base model")
    alice.locator("#chart-rate").press("End")
    expect(reading).to_have_text("Step 67 · Learning rate 3.0e-5")


def test_the_page_of_a_run_that_was_killed_goes_on_from_its_checkpoint_too(
    site: Site, alice: Page, prepared: dict[str, str]
) -> None:
    alice.goto(prepared["running"])
    step, reading = alice.locator('[data-fact="step"]'), alice.locator("#reading")
    expect(step).to_have_text("28")
    resume_run(site)
    expect(step).to_have_text("22")  # by the socket
    for _ in range(2):
        alice.locator("#chart-loss").press("End")
        expect(reading).to_have_text(
            "Step 22 · training 0.250 · held out 0.238 (at step 20) · base model, held out 5.00"
        )
        alice.reload()


def test_the_log_is_followed_while_the_run_is_at_work_unless_one_has_scrolled_up(
    site: Site, alice: Page, prepared: dict[str, str]
) -> None:
    log = site.product.directory / "runs" / prepared["running"].rstrip("/").rpartition("/")[2] / "log.txt"
    alice.goto(prepared["running"])
    lines = alice.locator("#log-lines")
    expect(lines).to_contain_text("The run begins.")
    with log.open("a") as file:
        file.writelines(f"line {n}\n" for n in range(60))
    expect(lines).to_contain_text("line 59")  # by itself
    at_end = "pre => pre.scrollHeight - pre.scrollTop - pre.clientHeight < 8 && pre.scrollTop > 0"
    assert lines.evaluate(at_end)

    lines.evaluate("pre => { pre.scrollTop = 40 }")
    with log.open("a") as file:
        file.write("one more <b>line</b>\n")
    expect(lines).to_contain_text("one more <b>line</b>")
    assert lines.evaluate("pre => pre.scrollTop") == 40
    resume_run(site)  # the page is drawn anew
    expect(alice.locator('[data-fact="step"]')).to_have_text("22")
    assert lines.evaluate("pre => pre.scrollTop") == 40


def test_a_size_that_will_not_fit_is_refused_beside_the_sizes_and_may_be_changed(
    site: Site, alice: Page, tale: Path
) -> None:
    upload(alice, site, tale.rename(tale.with_name("long tale.txt")))
    alice.get_by_role("checkbox", name="long tale.txt").check()
    alice.get_by_label("Name", exact=True).fill("Too large")
    alice.get_by_role("radio", name="Medium").check()
    another_machine = "from webapp.runs import memory; memory._redis.set(memory.KEY.format('other'), 2500, ex=60)"
    site.product.execute(another_machine)
    alice.get_by_role("button", name="Start").click()
    expect(alice.get_by_text("The chosen size needs about 3.7 GB of memory")).to_be_visible()
    expect(alice.get_by_text("more memory than there is to spare")).to_have_count(2)
    expect(alice.get_by_role("radio", name="Medium")).to_be_focused()
    expect(alice.get_by_role("checkbox", name="long tale.txt")).to_be_checked()
    expect(alice.get_by_label("Name", exact=True)).to_have_value("Too large")
    assert findings(alice).startswith("Found 0 ")


def test_numbers_have_thousands_separators_also_where_they_grow_in_the_page(
    site: Site, visit: Visit, prepared: dict[str, str]
) -> None:
    for locale in ("en-GB", "zh-CN"):
        page = visit(site, "Alice", locale=locale)
        page.goto(prepared["running"])
        expect(page.locator('[data-fact="tokens"]')).to_have_text("11,200")
        resume_run(site)
        expect(page.locator('[data-fact="tokens"]')).to_have_text("8,800")
        expect(page.locator('[data-fact="memory_mb"]')).to_have_text("1,065 MB")
        expect(page.locator('[data-fact="parameters"]')).to_have_text("598,016")
        forget_runs(site)
        prepared = make_runs(site)


def test_pairs_are_judged_by_keyboard_and_the_run_says_how_sure_it_is(
    site: Site, alice: Page, prepared: dict[str, str]
) -> None:
    alice.goto(prepared["done"])
    expect(alice.get_by_text("not judged yet")).to_be_visible()
    alice.get_by_role("link", name="Compare blindly").click()
    for left in ("4 pairs", "3 pairs", "2 pairs", "1 pair"):
        expect(alice.get_by_text(f"{left} left")).to_be_visible()
        shown = alice.locator(".pair .sample p").all_inner_texts()
        if left == "4 pairs":  # by mistake
            alice.keyboard.press("t")
            expect(alice.get_by_text("The pair before: a tie.")).to_be_visible()
            alice.keyboard.press("u")
            expect(alice.get_by_text("4 pairs left")).to_be_visible()
        alice.keyboard.press("a" if shown[0].startswith("New") else "2")
    expect(alice.get_by_text("That was all of them")).to_be_visible()
    expect(alice.get_by_text("it wins 100 %")).to_be_visible()
    assert findings(alice).startswith("Found 0 ")
    alice.get_by_role("link", name="Back to the run").click()
    expect(alice.get_by_text("95 % interval 51 % to 100 %; 4 judgements")).to_be_visible()


def test_a_run_can_be_copied_and_repeated(site: Site, visit: Visit, prepared: dict[str, str]) -> None:
    alice = visit(site, "Alice", permissions=["clipboard-read", "clipboard-write"])
    alice.goto(prepared["done"])
    alice.get_by_text("Exact configuration").click()
    alice.get_by_role("button", name="Copy", exact=True).last.click()
    expect(alice.get_by_role("button", name="Copied")).to_be_visible()
    assert json.loads(alice.evaluate("navigator.clipboard.readText()"))["method"] == "lora"
    alice.get_by_role("link", name="Once more, with changes").click()
    expect(alice.get_by_label("Name", exact=True)).to_have_value("Prepared: done")
    expect(alice.get_by_label("Epochs")).to_have_value("3")


def test_only_admins_of_its_team_see_a_run(site: Site, visit: Visit, bob: Page, prepared: dict[str, str]) -> None:
    for person, status in ((bob, 403), (visit(site, "Victor"), 403), (visit(site, "Charlie"), 404)):
        answer = person.goto(prepared["running"])
        assert answer
        assert answer.status == status
        expect(person.get_by_text("Prepared")).to_have_count(0)


def test_a_run_keeps_its_checkpoint_when_it_is_stopped_and_another_waits_its_turn(
    site: Site, alice: Page, visit: Visit, tmp_path: Path
) -> None:
    rows = [
        {"prompt": f"What is {n} plus {n}?", "completion": f"Ahoy! It is {2 * n}, and never {3 * n}."}
        for n in range(40)
    ]
    (tmp_path / "sums.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    freeze(alice, site.url, tmp_path / "sums.jsonl")
    plan(alice, site, "Sums for long", epochs=1000)
    alice.get_by_role("button", name="Start", exact=True).click()
    first = alice.url
    expect(alice.locator("#chart-loss path").first).to_be_visible(timeout=RUN_MS)  # without a reload

    other = visit(site, "Alice")
    plan(other, site, "Sums again", epochs=1)
    other.get_by_role("button", name="Start", exact=True).click()
    expect(other.get_by_text("It waits its turn: 1 run goes before it.")).to_be_visible()
    other.goto(f"{site.url}/runs/")
    expect(other.locator("tbody tr").nth(0)).to_contain_text("Sums for long")
    expect(other.locator("tbody tr").nth(1)).to_contain_text("after 1 run")
    other.get_by_role("button", name="Stop Sums again").click()
    expect(other.get_by_role("row", name="Sums again")).to_contain_text("Stopped")

    alice.get_by_role("button", name="Stop").click()
    expect(alice.get_by_text("Its checkpoint is kept")).to_be_visible(timeout=RUN_MS)
    kept = step_of(alice)
    alice.get_by_role("button", name="Go on").click()
    step = alice.locator('[data-fact="step"]')
    expect(step).not_to_have_attribute("data-step", str(kept), timeout=RUN_MS)
    assert step_of(alice) > kept
    alice.reload()
    assert step_of(alice) > kept
    alice.get_by_role("button", name="Stop").click()
    alice.get_by_role("button", name="Delete").click(timeout=RUN_MS)
    alice.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(alice.get_by_text("The run was deleted.")).to_be_visible()
    answer = alice.goto(first)
    assert answer
    assert answer.status == 404


def step_of(page: Page) -> int:
    return int(page.locator('[data-fact="step"]').get_attribute("data-step") or 0)


def plan(page: Page, site: Site, name: str, *, epochs: int) -> None:
    page.goto(f"{site.url}/runs/teach/")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Epochs").fill(str(epochs))
    page.get_by_text("More settings").click()
    page.get_by_label("Stop early").fill("0")
    page.get_by_role("button", name="Estimate the cost").click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()
