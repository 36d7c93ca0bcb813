"""What the team corrected becomes rows, of those who agreed and only while they do."""

import pytest

from inference import prompts
from tests.webapp.chat import talk
from tests.webapp.datasets.test_versions import rows as other_rows
from tests.webapp.people import client_of
from tests.webapp.translate import work as translation
from tests.webapp.write import pages as document
from webapp.accounts import services as accounts
from webapp.accounts.models import Membership, Team, User
from webapp.analyze import services as analyzing
from webapp.analyze import tables
from webapp.analyze.models import Row as Labelled
from webapp.chat import keeping
from webapp.chat.actions import give_feedback
from webapp.chat.models import Conversation
from webapp.datasets import consent, freezing, gathering, services
from webapp.datasets.models import Dataset, Job, Review, Row, Shape, Status
from webapp.generation.models import Generation
from webapp.runs import services as training
from webapp.runs.models import TrainingRun
from webapp.translate import services as translating
from webapp.write import services as writing

pytestmark = pytest.mark.django_db(transaction=True)


def member(user: User) -> Membership:
    return user.memberships.get()


@pytest.fixture
def agreed(alice: User, bob: User) -> None:
    for user in (alice, bob):
        consent.agree(member(user))


def gathered(team: Team, author: User, shape: Shape = Shape.SUPERVISED) -> Dataset:
    """As it is once a worker has been at it."""
    dataset = services.gather(team=team, author=author, shape=shape)
    gathering.gather(dataset)
    Dataset.objects.filter(pk=dataset.pk).update(job=Job.NONE)
    dataset.refresh_from_db()
    return dataset


def values(dataset: Dataset) -> list[dict]:
    return [row.values for row in dataset.rows.order_by("number")]


def corrected(author: User, *, shared: bool = False) -> Conversation:
    conversation = talk.start(author, shared=shared)
    _, reply = talk.exchange(conversation, "What is tea?", "A car.")
    give_feedback(reply=reply, author=author, thumb=-1, correction="A leaf.")
    return conversation


def edit(author: User, before: str, after: str) -> None:
    made = document.write(author, before)
    base = document.version(made).message.pk
    writing.save_edit(conversation=made, author=author, base=base, text=after)


TEA = [{"role": "user", "content": "What is tea?"}]


def test_nobodys_words_are_taken_before_they_agree(team: Team, alice: User) -> None:
    corrected(alice)
    for shape in Shape:
        assert values(gathered(team, alice, shape)) == []


@pytest.mark.usefixtures("agreed")
def test_a_corrected_answer_is_a_row_a_pair_and_its_thumb_a_row_too(team: Team, alice: User) -> None:
    corrected(alice)
    said = [*TEA, {"role": "assistant", "content": "A leaf."}]

    assert values(gathered(team, alice)) == [{"messages": said, "task": "chat", "learn": "last"}]
    pair = {"prompt": TEA, "chosen": "A leaf.", "rejected": "A car.", "task": "chat"}
    assert values(gathered(team, alice, Shape.PREFERENCE)) == [pair]
    thumb = {"prompt": TEA, "completion": "A car.", "label": False, "task": "chat"}
    assert values(gathered(team, alice, Shape.THUMBS)) == [thumb]
    row = Row.objects.first()
    assert row.review == Review.WAITING  # an admin looks at it first
    assert row.origin["people"] == [alice.pk]


@pytest.mark.usefixtures("agreed")
def test_an_edited_translation_is_a_pair(team: Team, alice: User) -> None:
    conversation = translation.start(alice, "Good morning.")
    translation.end(conversation)
    segment = conversation.segments.get()
    translating.correct(conversation=conversation, author=alice, key=segment.key, text="Guten Morgen.")

    asked = [
        {"role": turn.role.value, "content": turn.content}
        for turn in prompts.translate("Good morning.", source="en", target="de")
    ]
    (row,) = values(gathered(team, alice))
    assert row["messages"] == [*asked, {"role": "assistant", "content": "Guten Morgen."}]
    assert (row["task"], row["source"], row["target"]) == ("translate", "en", "de")
    (pair,) = values(gathered(team, alice, Shape.PREFERENCE))
    assert (pair["chosen"], pair["rejected"]) == ("Guten Morgen.", "GOOD MORNING.")


@pytest.mark.usefixtures("agreed")
def test_a_thumb_on_a_translation_is_on_what_the_model_wrote(team: Team, alice: User) -> None:
    conversation = translation.start(alice, "Good morning.")
    translation.end(conversation)
    reply = conversation.messages.get(role="assistant")
    give_feedback(reply=reply, author=alice, thumb=1)

    (thumb,) = values(gathered(team, alice, Shape.THUMBS))
    assert (thumb["completion"], thumb["label"], thumb["task"]) == ("GOOD MORNING.", True, "translate")
    key = conversation.segments.get().key
    translating.correct(conversation=conversation, author=alice, key=key, text="Guten Morgen.")
    assert values(gathered(team, alice, Shape.THUMBS)) == []  # those are not the model's words any more


@pytest.mark.usefixtures("agreed")
def test_a_relabelled_text_is_a_row(team: Team, alice: User) -> None:
    conversation = analyzing.analyze(team=team, author=alice, table=tables.lines("So so\nFine"), text="So so\nFine")
    Labelled.objects.filter(analysis=conversation.pk).update(label="positive")
    for asked in Labelled.objects.filter(analysis=conversation.pk):
        Generation.objects.filter(pk=asked.generation_id or 0).update(status="done", text="positive")
    analyzing.correct(row=Labelled.objects.get(number=1), author=alice, label="neutral")
    analyzing.judge(row=Labelled.objects.get(number=2), author=alice, thumb=1)

    (row,) = values(gathered(team, alice))
    assert row["task"] == "analyze"
    assert [turn["content"] for turn in row["messages"]][1:] == ["neutral"]
    assert "So so" in row["messages"][0]["content"]
    (thumb,) = values(gathered(team, alice, Shape.THUMBS))
    assert (thumb["completion"], thumb["label"]) == ("positive", True)


@pytest.mark.usefixtures("agreed")
def test_an_edited_document_is_a_pair(team: Team, alice: User) -> None:
    edit(alice, "The harbour are cold.", "The harbour is cold.")

    (pair,) = values(gathered(team, alice, Shape.PREFERENCE))
    assert (pair["chosen"], pair["rejected"], pair["task"]) == (
        "The harbour is cold.",
        "The harbour are cold.",
        "write",
    )


def test_a_conversation_in_which_somebody_wrote_who_did_not_agree_is_left_out(
    team: Team, alice: User, bob: User
) -> None:
    consent.agree(member(alice))
    conversation = talk.start(alice, shared=True)
    talk.ask(conversation, "What is tea?", bob)
    give_feedback(reply=talk.end(conversation, "A car."), author=alice, correction="A leaf.")

    assert values(gathered(team, alice)) == []
    consent.agree(member(bob))
    (row,) = gathered(team, alice).rows.all()
    assert row.origin["people"] == sorted([alice.pk, bob.pk])


@pytest.mark.usefixtures("agreed")
def test_gathering_anew_brings_what_is_new_and_drops_what_was_taken_back(team: Team, alice: User) -> None:
    conversation = corrected(alice)
    dataset = gathered(team, alice)
    assert gathered(team, alice).pk == dataset.pk
    assert dataset.rows.count() == 1  # nothing comes twice

    _, reply = talk.exchange(conversation, "And coffee?", "A boat.")
    give_feedback(reply=reply, author=alice, correction="A bean.")
    assert gathered(team, alice).rows.count() == 2
    give_feedback(reply=reply, author=alice, correction="")
    assert gathered(team, alice).rows.count() == 1
    keeping.delete(conversation=conversation)
    assert gathered(team, alice).rows.count() == 0


@pytest.mark.usefixtures("agreed")
def test_what_an_admin_edited_stays_until_its_source_changes(team: Team, alice: User) -> None:
    conversation = corrected(alice)
    row = gathered(team, alice).rows.get()
    edited = {**row.values, "messages": [*TEA, {"role": "assistant", "content": "A leaf, brewed."}]}
    services.edit_row(row, edited)
    assert values(gathered(team, alice)) == [edited]

    reply = conversation.messages.get(role="assistant")
    give_feedback(reply=reply, author=alice, correction="A plant.")
    row = gathered(team, alice).rows.get()
    assert (row.values["messages"][1]["content"], row.review, row.edited) == ("A plant.", Review.WAITING, False)


@pytest.mark.usefixtures("agreed")
def test_withdrawn_consent_removes_rows_and_marks_the_versions_that_hold_them(
    team: Team, alice: User, bob: User
) -> None:
    corrected(alice)
    for n in range(8):
        edit(bob, f"The {n} harbour are cold.", f"The {n} harbour is {n * 7919} cold.")
    dataset = gathered(team, alice)
    dataset.rows.update(review=Review.ACCEPTED)
    version = freezing.freeze(dataset)
    assert {part.person_id: part.rows for part in version.contributions.all()} == {alice.pk: 1, bob.pk: 8}

    client_of(bob).post(f"/settings/learning/{team.pk}/", {"agree": "0"})
    assert [row.origin["author"] for row in dataset.rows.all()] == [alice.pk]
    assert version.withdrawn
    assert version.contributions.get(person=alice).withdrawn_at is None
    assert freezing.sha256_of(version.directory) == version.sha256  # what is frozen stays, and is marked
    assert gathered(team, alice).rows.count() == 1

    page = client_of(alice).get(f"/datasets/{dataset.pk}/").content.decode()
    assert "has withdrawn their consent" in page


@pytest.mark.usefixtures("agreed")
def test_what_learnt_from_withdrawn_rows_is_marked_and_nothing_more_learns_from_them(team: Team, alice: User) -> None:
    for n in range(8):
        edit(alice, f"The {n} harbour are cold.", f"The {n} harbour is {n * 7919} cold.")
    dataset = gathered(team, alice)
    dataset.rows.update(review=Review.ACCEPTED)
    version = freezing.freeze(dataset)
    run = training.plan_run(team=team, author=alice, name="Harbour", config={"method": "lora"}, version=version)
    waiting = training.plan_run(team=team, author=alice, name="Later", config={"method": "lora"}, version=version)
    TrainingRun.objects.filter(pk=run.pk).update(status="done")
    browser = client_of(alice)
    assert "It learnt from rows of somebody who has withdrawn" not in browser.get(f"/runs/{run.pk}/").content.decode()

    consent.withdraw(member(alice))
    assert "It learnt from rows of somebody who has withdrawn" in browser.get(f"/runs/{run.pk}/").content.decode()
    assert "Teach a model" not in browser.get(f"/datasets/{dataset.pk}/").content.decode()
    wish = {"name": "Harbour", "version": version.pk, "method": "lora"}
    answer = browser.post("/runs/teach/", wish)
    assert (answer.status_code, "version" in answer.context["form"].errors) == (422, True)
    with pytest.raises(training.Refused, match="has withdrawn their consent"):
        training.start_run(waiting)


@pytest.mark.usefixtures("agreed")
def test_who_leaves_the_team_takes_their_rows_along(team: Team, alice: User, bob: User) -> None:
    edit(bob, "The harbour are cold.", "The harbour is cold.")
    dataset = gathered(team, alice)
    assert dataset.rows.count() == 1

    accounts.remove_member(by=member(alice), member=member(bob))
    assert dataset.rows.count() == 0


def test_consent_is_each_persons_own_and_off_until_they_say_so(team: Team, bob: User, charlie: User) -> None:
    browser = client_of(bob)
    assert "Off: nothing that you correct is used." in browser.get("/settings/learning/").content.decode()
    browser.post(f"/settings/learning/{team.pk}/", {"agree": "1"})
    assert "You agreed" in browser.get("/settings/learning/").content.decode()
    assert consent.who_agree(team) == {bob.pk}
    assert client_of(charlie).post(f"/settings/learning/{team.pk}/", {"agree": "1"}).status_code == 404


def test_nobody_who_withdrew_meanwhile_is_in_a_version(team: Team, alice: User, make) -> None:
    dataset = make(other_rows(20), status=Status.READY)
    dataset.rows.filter(number=1).update(origin={"people": [alice.pk]})

    with pytest.raises(freezing.Unfit, match="withdrawn"):
        freezing.freeze(dataset)
    assert not dataset.versions.exists()
    assert not (dataset.directory / "1").exists()
