"""Sentences that workers left are said in the language of whoever reads them; what was kept as text before is shown."""

import json

import pytest
from django.db import connection
from django.utils import translation

from webapp.accounts.models import Team, User
from webapp.datasets.models import Dataset
from webapp.lib.sentences import Sentence, heard, told

REASON = Sentence("The field “%(field)s” is empty.", field="Prompt")
WHOLE = Sentence("None of its rows can be used. Line %(line)s: %(reason)s", line=7, reason=REASON)
ENGLISH, CHINESE = "None of its rows can be used. Line 7: The field “Prompt” is empty.", "没有一行可以使用。第 7 行："


def kept(team: Team, author: User, problem: str) -> Dataset:
    return Dataset.objects.create(team=team, author=author, name="Teas", problem=problem)


def read(dataset: Dataset, language: str) -> Dataset:
    with translation.override(language):
        return Dataset.objects.get(pk=dataset.pk)


def test_parts_are_translated_and_what_people_wrote_is_not() -> None:
    with translation.override("zh-hans"):
        assert translation.gettext("Prompt") != "Prompt"  # so that it could be
        assert told(WHOLE) == f"{CHINESE}字段“Prompt”为空。"


def test_a_sentence_of_an_event_is_put_together_again() -> None:
    event = {"reason": "Line 7: x.", "told": {"reason": ["Line %(line)s: %(reason)s.", {"line": "7", "reason": "x"}]}}

    with translation.override("zh-hans"):
        assert told(heard(event, "reason")) == "第 7 行：x。"
        assert told(heard({"reason": "MemoryError: "}, "reason")) == "MemoryError: "
        assert told(heard({}, "reason")) == ""


@pytest.mark.django_db
def test_who_reads_a_column_reads_it_in_their_language(team: Team, alice: User) -> None:
    dataset = kept(team, alice, WHOLE)

    assert read(dataset, "en").problem == ENGLISH
    assert read(dataset, "zh-hans").problem.startswith(CHINESE)


@pytest.mark.django_db
def test_what_was_read_in_one_language_and_saved_is_read_in_another(team: Team, alice: User) -> None:
    for problem in (WHOLE, Sentence("The file is empty: there is nothing to learn from.")):
        dataset = kept(team, alice, problem)
        read(dataset, "zh-hans").save()
        assert read(dataset, "en").problem == str(problem)


@pytest.mark.django_db
def test_text_that_was_kept_before_is_shown(team: Team, alice: User) -> None:
    known, unknown = kept(team, alice, "x"), kept(team, alice, "x")
    with connection.cursor() as cursor:  # as it lies in the column
        write = f'UPDATE "{Dataset._meta.db_table}" SET problem = %s WHERE id = %s'
        cursor.execute(write, ["The file is empty: there is nothing to learn from.", known.pk])
        cursor.execute(write, ["Line 3: 100 % of it is %s.", unknown.pk])

    assert read(known, "zh-hans").problem == "文件是空的：没有可学的内容。"
    assert read(unknown, "zh-hans").problem == "Line 3: 100 % of it is %s."


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["", '["', '["%(x)s", {"x": "y"}]', '["%(x)99999s", 1]', "[]", "{}"])
def test_text_that_looks_like_a_sentence_in_parts_stays_what_it_is(text: str, team: Team, alice: User) -> None:
    dataset = kept(team, alice, text)

    assert read(dataset, "zh-hans").problem == text
    assert Dataset.objects.filter(problem=text).exists()


@pytest.mark.django_db
def test_a_sentence_lies_in_the_column_as_text_that_people_can_read(team: Team, alice: User) -> None:
    dataset = kept(team, alice, WHOLE)
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT problem FROM "{Dataset._meta.db_table}" WHERE id = %s', [dataset.pk])
        lies = cursor.fetchone()[0]

    template, values = json.loads(lies)
    assert (template, values["line"]) == (WHOLE.template, "7")
    assert "“%(field)s”" in lies
