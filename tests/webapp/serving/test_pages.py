"""The pages on which admins put adapters in service, look at how they do, and take them back."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from inference.adapters import AdapterStore
from tests.webapp.people import client_of
from tests.webapp.serving.conftest import Make, ask, serve
from webapp.accounts.models import Membership, Role, Team, User
from webapp.chat.models import Feedback, Message, Thumb
from webapp.datasets.models import Contribution, Dataset, Shape, Version
from webapp.generation.choices import chosen
from webapp.generation.models import Generation
from webapp.generation.models import Status as Written
from webapp.runs.models import Command, Status, TrainingRun
from webapp.runs.neighbours import adapter_in_service
from webapp.serving import admission, engine, services
from webapp.serving.models import Act, Adapter, Checked, NamedModel
from webapp.serving.models import Version as Numbered
from webapp.serving.shelf import Shelf

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _engine_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "answers", lambda: True)


@pytest.fixture
def browser(anna: User) -> Client:
    return client_of(anna)


@pytest.fixture
def run(team: Team, anna: User, adapter_files) -> TrainingRun:
    """One that taught the model in service, with its adapter where runs leave it."""
    dataset = Dataset.objects.create(team=team, author=anna, name="Teas", source="upload")
    version = Version.objects.create(dataset=dataset, number=1, shape=Shape.SUPERVISED, rows=1, held_out=1, sha256="")
    config = {"method": "lora"}
    about = {"name": "Tea lesson", "command": Command.FINETUNE, "status": Status.DONE, "config": config}
    run = TrainingRun.objects.create(team=team, author=anna, version=version, **about)
    run.directory.mkdir(parents=True)
    adapter_files(7).rename(run.result)
    return run


def html(browser: Client, path: str) -> str:
    response = browser.get(path)
    assert response.status_code == 200
    return response.content.decode()


def put(browser: Client, what: str, **data: object):
    return browser.post(f"/serving/new/?{what}", data)


def test_a_finished_run_is_put_in_service_from_its_page(browser: Client, run: TrainingRun, team: Team) -> None:
    page = html(browser, f"/runs/{run.pk}/")
    assert f"/serving/new/?run={run.pk}" in page
    assert 'value="Tea lesson"' in html(browser, f"/serving/new/?run={run.pk}")
    response = put(browser, f"run={run.pk}", name="Support", teams=[team.pk])
    model = NamedModel.objects.get()
    assert response.url == model.get_absolute_url()
    assert "The files of version 1 are being checked." in html(browser, response.url)
    admission.check(run.adapter)
    assert "The engine is loading version 1." in html(browser, response.url)
    services.arrived(model.versions.get())
    page = html(browser, response.url)
    assert "Version 1: Tea lesson, first in service" in page
    assert "Roll back to the base model" in page
    assert adapter_in_service(team) == AdapterStore(admission.store().root).path(Adapter.objects.get().sha256)


def test_the_same_run_makes_one_adapter_and_one_version(browser: Client, run: TrainingRun, team: Team) -> None:
    put(browser, f"run={run.pk}", name="Support", teams=[team.pk])
    model = NamedModel.objects.get()
    put(browser, f"run={run.pk}", existing=model.pk, share=100)
    assert (Adapter.objects.count(), model.versions.count()) == (1, 1)


def test_a_run_that_is_not_done_cannot_be_put_in_service(browser: Client, run: TrainingRun) -> None:
    TrainingRun.objects.update(status=Status.RUNNING)
    response = browser.get(f"/serving/new/?run={run.pk}", follow=True)
    assert response.redirect_chain[-1][0] == f"/runs/{run.pk}/"
    assert "Only a run that is done and made an adapter" in response.content.decode()


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"name": "", "teams": True}, "Give the model a name that people will know it by."),
        ({"name": "Support"}, "Choose at least one team."),
        ({"name": "Taken", "teams": True}, "There is a model of that name."),
    ],
)
def test_what_is_missing_gets_a_sentence(
    browser: Client, make_adapter: Make, team: Team, data: dict, sentence: str
) -> None:
    services.create_model(team=team, name="Taken", teams=[team])
    given = data | ({"teams": [team.pk]} if data.get("teams") else {})
    response = put(browser, f"adapter={make_adapter().pk}", **given)
    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert NamedModel.objects.count() == 1


def test_only_teams_of_which_one_is_admin_can_be_given_a_model(
    browser: Client, make_adapter: Make, anna: User, charlie: User, team: Team
) -> None:
    theirs, own = charlie.memberships.get().team, Team.objects.create(name="Own")
    Membership.objects.create(team=own, user=anna, role=Role.OWNER)
    Membership.objects.create(team=theirs, user=anna, role=Role.MEMBER)
    adapter = make_adapter()
    page = html(browser, f"/serving/new/?adapter={adapter.pk}")
    assert "Own" in page
    assert put(browser, f"adapter={adapter.pk}", name="Support", teams=[theirs.pk]).status_code == 422
    assert put(browser, f"adapter={adapter.pk}", name="Support", teams=[team.pk, own.pk]).status_code == 302


def test_it_is_offered_to_the_people_of_its_teams_alone(
    model: NamedModel, make_adapter: Make, alice: User, bob: User, charlie: User
) -> None:
    assert "Support" not in html(client_of(bob), "/chat/")
    serve(model, make_adapter(), alice)
    assert f'<option value="/{model.slug}">Support</option>' in html(client_of(bob), "/chat/")
    assert "Support" not in html(client_of(charlie), "/chat/")


def test_a_conversation_whose_model_went_out_of_service_says_its_name(
    model: NamedModel, make_adapter: Make, alice: User
) -> None:
    serve(model, make_adapter(), alice)
    conversation = ask(alice, model).channel.removeprefix("chat.")
    services.roll_back(model=model, author=alice)
    sentence = "Support is on offer no more: colloquy answers."
    assert sentence in html(client_of(alice), f"/chat/{conversation}/")
    NamedModel.objects.all().delete()
    assert sentence in html(client_of(alice), f"/chat/{conversation}/")


def test_a_reply_shows_the_name_and_the_version_that_wrote_it(
    model: NamedModel, make_adapter: Make, alice: User
) -> None:
    version = serve(model, make_adapter(), alice)
    reply = ask(alice, model)
    type(reply).objects.update(status=Written.DONE, text="Hi")
    conversation = reply.channel.removeprefix("chat.")
    page = html(client_of(alice), f"/chat/{conversation}/")
    assert "Support · 1" in page
    assert version.engine_name not in page


def test_who_goes_to_chat_with_it_is_told_which_model_answers(
    browser: Client, model: NamedModel, make_adapter: Make, alice: User
) -> None:
    serve(model, make_adapter(), alice)
    page = html(browser, model.get_absolute_url())
    action = '<form action="/chat/options/?task=chat" method="post">'
    assert f'name="model" value="/{model.slug}"' in page.partition(action)[2]
    said = browser.post("/chat/options/?task=chat", {"model": f"/{model.slug}"}, follow=True).content.decode()
    assert "Support answers now." in said
    assert "The options are saved." not in said
    assert f'value="/{model.slug}" selected' in said
    more = browser.post("/chat/options/?task=chat", {"model": f"/{model.slug}", "seed": "7"}, follow=True)
    assert "The options are saved." in more.content.decode()


def test_one_step_back_is_the_version_before_and_then_the_base_model(
    browser: Client, model: NamedModel, make_adapter: Make, anna: User
) -> None:
    first, second = serve(model, make_adapter(1), anna), serve(model, make_adapter(2), anna)
    back = model.get_absolute_url() + "roll-back/"
    assert "Roll back to version 1" in html(browser, model.get_absolute_url())
    assert model.current_id == second.pk
    browser.post(back)
    model.refresh_from_db()
    assert model.current_id == first.pk
    browser.post(back)
    model.refresh_from_db()
    assert model.current_id is None
    page = html(browser, model.get_absolute_url())
    assert "The base model answers in its place." in page
    assert [c.act for c in model.changes.order_by("pk")] == [Act.PUT, Act.PUT, Act.ROLLED_BACK, Act.ROLLED_BACK]
    assert page.count("Rolled back") == 2
    assert "Anna" in page
    browser.post(back, {"version": "2"})
    model.refresh_from_db()
    assert model.current_id == second.pk
    assert browser.post(back, {"version": "7"}).status_code == 404
    assert browser.post(back, {"version": "x"}).status_code == 404


def test_one_step_back_leaves_out_what_was_only_tried_or_rolled_back_from(
    model: NamedModel, make_adapter: Make, anna: User
) -> None:
    first, _ = serve(model, make_adapter(1), anna), serve(model, make_adapter(2), anna, share=50)
    services.roll_back(model=model, author=anna)  # the trial
    serve(model, make_adapter(3), anna)
    assert model.previous == first
    services.roll_back(model=model, author=anna)
    fourth = serve(model, make_adapter(4), anna)
    assert (model.current, model.previous) == (fourth, first)
    services.roll_back(model=model, author=anna, to=model.versions.get(number=3))
    model.refresh_from_db()
    assert model.previous == fourth
    services.take_out(model=model, author=anna)
    model.refresh_from_db()
    assert model.previous is None


def test_what_a_page_shows_already_is_not_sent_again(
    browser: Client, model: NamedModel, make_adapter: Make, anna: User
) -> None:
    version = services.put_in_service(model=model, adapter=make_adapter(), author=anna)
    for path in (model.get_absolute_url(), version.adapter.get_absolute_url()):
        seen = html(browser, f"{path}state/").partition("seen=")[2][:16]
        assert browser.get(f"{path}state/", {"seen": seen}).status_code == 204 or not seen
        assert browser.get(f"{path}state/", {"seen": "something else"}).status_code == 200
    page = html(browser, model.get_absolute_url())
    seen = page.partition("seen=")[2][:16]
    assert browser.get(f"{model.get_absolute_url()}state/", {"seen": seen}).status_code == 204
    services.arrived(version)
    said = html(browser, f"{model.get_absolute_url()}state/?seen={seen}")
    assert "first in service" in said


def test_while_the_engine_is_away_the_page_says_so(
    browser: Client, model: NamedModel, make_adapter: Make, anna: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    sentence = "The engine does not answer at the moment: replies wait for it."
    assert sentence not in html(browser, model.get_absolute_url())
    serve(model, make_adapter(), anna)
    assert sentence in html(browser, model.get_absolute_url())


def test_an_adapter_whose_files_are_missing_is_told_of_as_that(
    browser: Client, model: NamedModel, make_adapter: Make, anna: User
) -> None:
    version = services.put_in_service(model=model, adapter=make_adapter(), author=anna)
    place = Shelf().find(version.engine_name)
    assert place
    place.rename(place.with_name("gone"))
    Shelf().note_refused(version.engine_name, f"No adapter found for {place}")
    assert "Its files are missing from the store: bring the adapter again." in html(browser, model.get_absolute_url())
    assert "Refused" in html(browser, "/serving/")


def test_a_trial_takes_its_share_of_conversations_and_each_keeps_its_version(
    model: NamedModel, make_adapter: Make, alice: User
) -> None:
    serve(model, make_adapter(1), alice)
    serve(model, make_adapter(2), alice, share=20)
    versions = [ask(alice, model).version for _ in range(200)]
    assert set(versions) == {"Support · 1", "Support · 2"}
    assert 15 <= versions.count("Support · 2") <= 65
    choice = chosen(model.team_id, {"model": model.slug})
    assert choice
    assert len({choice.drawn("one").model for _ in range(20)}) == 1


def test_both_are_compared_and_then_the_new_one_is_for_all(
    browser: Client, model: NamedModel, make_adapter: Make, alice: User
) -> None:
    serve(model, make_adapter(1), alice)
    second = serve(model, make_adapter(2), alice, share=50)
    for thumb in (Thumb.UP, Thumb.UP, Thumb.DOWN):
        reply = ask(alice, model)
        figures = {"completion_tokens": 101, "writing_ms": 2000, "first_token_ms": 250}
        told = {"status": Written.DONE, "model": second.engine_name, **figures}
        type(reply).objects.filter(pk=reply.pk).update(**told)
        message = reply_message(reply)
        Feedback.objects.create(message=message, author=alice, thumb=thumb, correction="x" if thumb < 0 else "")
    page = html(browser, model.get_absolute_url())
    assert "On trial: version 2, in 50 % of the conversations" in page
    cells = page.split("2: <a")[1].split("</tr>")[0]
    shown = re.findall('<td class="number" data-label="[^"]+">([^<]+)<', cells)
    assert shown == ["3", "2", "1", "1", "50", "0.2 s"]
    browser.post(model.get_absolute_url() + "promote/")
    model.refresh_from_db()
    assert (model.current_id, model.candidate_id, model.share) == (second.pk, None, 0)
    assert "Trial over: for all" in html(browser, model.get_absolute_url())


def reply_message(reply: Generation) -> Message:
    return Message.objects.get(generation=reply)


def test_a_trial_that_is_taken_back_leaves_what_served(
    browser: Client, model: NamedModel, make_adapter: Make, alice: User
) -> None:
    first = serve(model, make_adapter(1), alice)
    serve(model, make_adapter(2), alice, share=50)
    browser.post(model.get_absolute_url() + "roll-back/")
    model.refresh_from_db()
    assert (model.current_id, model.candidate_id) == (first.pk, None)
    response = browser.post(model.get_absolute_url() + "promote/", follow=True)
    assert "Nothing is on trial any more." in response.content.decode()


def test_an_adapter_of_somebody_who_withdrew_consent_is_marked(
    browser: Client, run: TrainingRun, team: Team, bob: User
) -> None:
    assert run.version
    Contribution.objects.create(version=run.version, person=bob, rows=3, withdrawn_at=timezone.now())
    assert "withdrawn their consent" in html(browser, f"/serving/new/?run={run.pk}")
    put(browser, f"run={run.pk}", name="Support", teams=[team.pk])
    admission.check(run.adapter)
    adapter = Adapter.objects.get()
    for path in (adapter.get_absolute_url(), NamedModel.objects.get().get_absolute_url(), "/serving/"):
        assert "onsent" in html(browser, path)


def test_what_is_in_service_is_not_deleted(browser: Client, model: NamedModel, make_adapter: Make, anna: User) -> None:
    version = serve(model, make_adapter(), anna)
    said = browser.post(model.get_absolute_url() + "delete/", follow=True).content.decode()
    assert "It is in service: take it out first." in said
    said = browser.post(version.adapter.get_absolute_url() + "delete/", follow=True).content.decode()
    assert "It is a version of Support: delete that model first." in said
    browser.post(model.get_absolute_url() + "take-out/")
    said = browser.post(model.get_absolute_url() + "delete/", follow=True).content.decode()
    assert "The engine still holds a version of it" in said
    model.versions.update(loaded=False)
    browser.post(model.get_absolute_url() + "delete/")
    browser.post(version.adapter.get_absolute_url() + "delete/")
    assert (NamedModel.objects.count(), Adapter.objects.count()) == (0, 0)


def test_the_base_model_answers_where_the_install_serves_another_one_now(
    browser: Client, model: NamedModel, make_adapter: Make, anna: User, settings, tmp_path
) -> None:
    serve(model, make_adapter(), anna)
    Adapter.objects.update(base="000000000000")
    assert "Support" not in html(browser, "/chat/")
    page = html(browser, model.get_absolute_url())
    assert "The engine serves another base model now" in page
    assert "Another base model" in page
    adapter = Adapter.objects.get()
    said = browser.get(f"/serving/new/?adapter={adapter.pk}", follow=True).content.decode()
    assert "It was made for another base model than the one in service." in said


def test_the_home_page_says_when_there_is_nothing(browser: Client) -> None:
    page = html(browser, "/serving/")
    assert "No adapters yet" in page


def test_many_versions_come_in_pages_without_a_query_each(
    browser: Client, model: NamedModel, make_adapter: Make, anna: User, django_assert_max_num_queries
) -> None:
    ready = make_adapter()
    about = {"team": model.team, "status": Checked.READY, "base": ready.base}
    made = Adapter.objects.bulk_create(Adapter(name=f"lesson {n}", sha256=f"{n:064x}", **about) for n in range(1000))
    model.versions.bulk_create(Numbered(model=model, number=n, adapter=made[n]) for n in range(1000))
    serve(model, ready, anna)
    with django_assert_max_num_queries(21):
        page = html(browser, model.get_absolute_url())
    assert "1 / 84" in page
    assert "lesson 990<" in page
    assert "lesson 980<" not in page
    assert "lesson 980<" in html(browser, f"{model.get_absolute_url()}?versions=2")
    assert "lesson 980<" in html(browser, f"{model.get_absolute_url()}state/?versions=2")


def test_many_adapters_come_in_pages_without_a_query_each(
    browser: Client, team: Team, anna: User, django_assert_max_num_queries
) -> None:
    about = {"team": team, "author": anna, "status": Checked.REFUSED, "problem": "No."}
    Adapter.objects.bulk_create(Adapter(name=f"adapter {n}", **about) for n in range(1000))
    with django_assert_max_num_queries(14):
        page = html(browser, "/serving/")
    assert "1 / 50" in page
