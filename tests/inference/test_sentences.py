"""A sentence is English text that remembers what it was made of."""

import json
import pickle

from inference.sentences import Sentence, pack, said, unpack

REASON = Sentence("%(field)s must be a list", field="answers")
WHOLE = Sentence("%(file)s, line %(line)s: %(reason)s.", file="rows.jsonl", line=3, reason=REASON)


def parts(sentence: Sentence) -> tuple[str, dict[str, str]]:
    return sentence.template, sentence.values


def test_a_sentence_is_the_text_that_it_makes() -> None:
    assert WHOLE == "rows.jsonl, line 3: answers must be a list."
    assert json.dumps(WHOLE) == '"rows.jsonl, line 3: answers must be a list."'


def test_what_stands_in_a_value_is_never_read_as_a_template() -> None:
    assert Sentence("It holds %(name)s.", name="100 %(s) %d") == "It holds 100 %(s) %d."
    assert Sentence("50 % of it is %d") == "50 % of it is %d"


def test_an_error_is_what_it_always_was_and_says_its_sentence() -> None:
    error = ValueError(WHOLE)

    assert str(error) == str(WHOLE)
    assert said(error) is WHOLE
    assert (said(ValueError("plain")), said(KeyError("x")), said(ValueError())) == ("plain", "'x'", "")


def test_a_sentence_survives_json_and_other_processes() -> None:
    there_and_back = unpack(json.loads(json.dumps(pack(WHOLE))))
    from_elsewhere = said(pickle.loads(pickle.dumps(ValueError(WHOLE))))

    for found in (there_and_back, from_elsewhere):
        assert isinstance(found, Sentence)
        assert (str(found), parts(found)) == (str(WHOLE), parts(WHOLE))
        reason = found.values["reason"]
        assert isinstance(reason, Sentence)
        assert parts(reason) == parts(REASON)


def test_a_sentence_without_values_is_kept_as_its_text() -> None:
    assert pack(Sentence("It is empty.")) == pack("It is empty.") == "It is empty."
