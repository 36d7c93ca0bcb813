"""The forms in which people have examples, how each is recognised, and what row of which Shape it becomes.

The forms are those of OpenAI and ChatML ({"messages": [{"role", "content"}]}), ShareGPT ({"conversations": [{"from",
"value"}]}), Alpaca (instruction, input, output), and the columns that TRL and translators use. A request that one of
our rooms makes is put in the words in which the room makes it (inference.prompts): a model learns what it will be
asked.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from inference import prompts
from webapp.datasets.files import type_of
from webapp.datasets.models import Shape
from webapp.lib import languages
from webapp.lib.sentences import Sentence

TASKS = ("chat", "write", "translate", "ask", "analyze")
SPEAKERS = {
    **dict.fromkeys(("user", "human", "prompter", "customer"), "user"),
    **dict.fromkeys(("assistant", "gpt", "chatgpt", "bot", "model", "ai", "agent"), "assistant"),
    **dict.fromkeys(("system", "developer"), "system"),
}
LABELS = {"positive": "positive", "pos": "positive", "neutral": "neutral", "negative": "negative", "neg": "negative"}
UP = {"1", "true", "yes", "up", "good", "👍", "+1", "like", "chosen", "desirable"}
DOWN = {"0", "-1", "false", "no", "down", "bad", "👎", "dislike", "rejected", "undesirable"}

Values = dict[str, Any]
Turns = list[dict[str, str]]
Names = Mapping[str, tuple[str, ...]]
Fields = Mapping[str, Any]  # what stands in the mapped columns, by the form's names for them


class BadRow(Exception):
    """str() is a sentence: why this row cannot be used."""


@dataclass(frozen=True, slots=True)
class Form:
    """`fields`: what it needs, each with the names under which columns are known; `more`: what it may have."""

    label: StrOrPromise
    shape: Shape
    fields: Names
    make: Callable[[Fields], Values]
    more: Names

    @property
    def all(self) -> Names:
        return {**self.fields, **self.more}


def convert(record: Mapping[str, Any], mapping: Mapping[str, str]) -> Values:
    """A row of the mapping's Shape. Raises BadRow."""
    form = FORMS[mapping["form"]]
    fields = {field: record.get(column) for field, column in mapping.items() if field != "form" and column in record}
    fields |= {f"{side}_is": mapping[f"{side}_is"] for side in ("source", "target") if mapping.get(f"{side}_is")}
    for field in form.fields:
        if fields.get(field) in (None, ""):
            _say_missing(record, mapping, field)
    values = form.make(fields)
    task = str(record.get("task") or "")
    if task in TASKS:
        values["task"] = task
    return values


def _say_missing(record: Mapping[str, Any], mapping: Mapping[str, str], field: str) -> None:
    other = recognise(list(record), record)
    if other and other["form"] != mapping["form"]:
        raise BadRow(
            Sentence(
                "It is of another form, “%(other)s”, than the rows before it, “%(form)s”. "
                "Put each in a file of its own.",
                other=Sentence(str(FORMS[other["form"]].label)),
                form=Sentence(str(FORMS[mapping["form"]].label)),
            )
        )
    if mapping.get(field) in record:
        raise BadRow(Sentence("The field “%(field)s” is empty.", field=mapping[field]))
    has = ", ".join(list(record)[:8])
    raise BadRow(
        Sentence("The field “%(field)s” is missing; it has: %(has)s.", field=mapping.get(field, field), has=has)
    )


def recognise(columns: Sequence[str], record: Mapping[str, Any] | None = None) -> dict[str, str] | None:
    """The mapping {"form", field: column, …} of the first form whose columns are all there; None where none is."""
    known = {column.strip().lower(): column for column in columns}
    for name, form in FORMS.items():
        found = {field: _column(known, names) for field, names in form.all.items()}
        if all(found[field] for field in form.fields) and _fits(name, found, record):
            return {"form": name, **{field: column for field, column in found.items() if column}}
    return _by_language(known)


def _fits(name: str, found: Mapping[str, str], record: Mapping[str, Any] | None) -> bool:
    """Where two forms have the same columns, what stands in the first row tells."""
    if name == "sentiment" and record:
        return str(record.get(found["label"], "")).strip().lower() in LABELS
    if name == "translation" and record:
        return all(isinstance(record.get(found[side]), str) for side in ("source", "target"))
    return True


def _column(known: Mapping[str, str], names: Sequence[str]) -> str:
    return next((known[name] for name in names if name in known), "")


def _by_language(known: Mapping[str, str]) -> dict[str, str] | None:
    """Two columns that are called by languages' codes: en, zh."""
    codes = {code.lower(): code for code in languages.CODES} | {"zh": "zh-Hans", "zh-cn": "zh-Hans", "zh-tw": "zh-Hant"}
    found = [(codes[name], column) for name, column in known.items() if name in codes]
    if len(found) != 2:
        return None
    (source, first), (target, second) = found
    return {"form": "translation", "source": first, "target": second, "source_is": source, "target_is": target}


def text_of(content: Any, what: str) -> str:
    """A text, or the text parts of OpenAI's list of parts. Raises BadRow."""
    if isinstance(content, list) and content and all(isinstance(part, dict) for part in content):
        others = [
            str(part.get("type")) for part in content if part.get("type") not in ("text", "input_text", "output_text")
        ]
        if others:
            raise BadRow(
                Sentence("It holds a part of the kind “%(kind)s”; only text can be learnt.", kind=others[0][:40])
            )
        content = "\n".join(str(part.get("text", "")) for part in content)
    if not isinstance(content, str):
        raise BadRow(Sentence("The field “%(field)s” must be text; it is %(kind)s.", field=what, kind=type_of(content)))
    if not content.strip():
        raise BadRow(Sentence("The field “%(field)s” is empty.", field=what))
    return content


def turns(messages: Any, role: str = "role", content: str = "content") -> Turns:
    """[{"role", "content"}] of a list of messages. Raises BadRow for what no model of ours can learn."""
    messages = _listed(messages)
    found: Turns = []
    for at, message in enumerate(messages, start=1):
        if not isinstance(message, dict) or role not in message:
            raise BadRow(Sentence("Message %(at)s has no field “%(field)s”.", at=at, field=role))
        speaker = SPEAKERS.get(str(message[role]).strip().lower())
        if speaker is None:
            raise BadRow(
                Sentence(
                    "Message %(at)s is by “%(role)s”; known are system, user and assistant.",
                    at=at,
                    role=str(message[role])[:40],
                )
            )
        found.append({"role": speaker, "content": text_of(message.get(content), content)})
    return _in_order(found)


def _listed(messages: Any) -> list[Any]:
    """In a table the list stands in its cell as JSON."""
    if isinstance(messages, str):
        try:
            messages = json.loads(messages)
        except ValueError as error:
            raise BadRow(Sentence("The messages are no list in JSON.")) from error
    if not isinstance(messages, list):
        raise BadRow(Sentence("The messages must be a list; it is %(kind)s.", kind=type_of(messages)))
    if not messages:
        raise BadRow(Sentence("The list of messages is empty."))
    return messages


def _in_order(found: Turns) -> Turns:
    roles = [turn["role"] for turn in found]
    if "system" in roles[1:]:
        raise BadRow(Sentence("A system message stands after the beginning."))
    talk = roles[1:] if roles[0] == "system" else roles
    if not talk or talk[0] != "user":
        raise BadRow(Sentence("The conversation must begin with the user."))
    if any(one == other for one, other in pairwise(talk)):
        raise BadRow(Sentence("Two messages in a row are by the same side."))
    return found


def answered(found: Turns) -> Turns:
    if found[-1]["role"] != "assistant":
        raise BadRow(Sentence("The last message must be the assistant's: it is what is learnt."))
    return found


def asked(prompt: Any, system: Any = None) -> Turns:
    """A prompt is a text, or messages of which the last is the user's."""
    if isinstance(prompt, list) or (isinstance(prompt, str) and prompt.lstrip().startswith('[{"role"')):
        found = turns(prompt)
        if found[-1]["role"] != "user":
            raise BadRow(Sentence("The last message of the prompt must be the user's."))
        return found
    lead = [{"role": "system", "content": str(system)}] if system and str(system).strip() else []
    return [*lead, {"role": "user", "content": text_of(prompt, "prompt")}]


def answer(content: Any, what: str) -> str:
    """A text, or messages of which the only one, or the last, is the assistant's."""
    if isinstance(content, list) and content and isinstance(content[-1], dict) and "role" in content[-1]:
        if SPEAKERS.get(str(content[-1]["role"])) != "assistant":
            raise BadRow(Sentence("The last message of “%(field)s” must be the assistant's.", field=what))
        content = content[-1].get("content")
    return text_of(content, what)


def _messages(fields: Fields) -> Values:
    return {"messages": answered(turns(fields["messages"])), "task": "chat"}


def _sharegpt(fields: Fields) -> Values:
    lead = [{"from": "system", "value": fields["system"]}] if fields.get("system") else []
    return {"messages": answered(turns([*lead, *_listed(fields["conversations"])], "from", "value")), "task": "chat"}


def _alpaca(fields: Fields) -> Values:
    request, given = text_of(fields["instruction"], "instruction"), str(fields.get("input") or "").strip()
    prompt = asked(f"{request}\n\n{given}" if given else request, fields.get("system"))
    return {"messages": [*prompt, _reply(text_of(fields["output"], "output"))], "task": "chat"}


def _pair(fields: Fields) -> Values:
    prompt = asked(fields["prompt"], fields.get("system"))
    return {"messages": [*prompt, _reply(answer(fields["completion"], "completion"))], "task": "chat"}


def _translation(fields: Fields) -> Values:
    text, translated = text_of(fields["source"], "source"), text_of(fields["target"], "target")
    source = _code(fields, "source") or languages.detect(text).code
    target = _code(fields, "target") or languages.detect(translated).code
    if not target:
        raise BadRow(Sentence("Which language the translation is in cannot be told: add a column with its code."))
    request = [
        {"role": turn.role.value, "content": turn.content}
        for turn in prompts.translate(text, source=source, target=target)
    ]
    return {"messages": [*request, _reply(translated)], "task": "translate", "source": source, "target": target}


def _translations(fields: Fields) -> Values:
    """Hugging Face's {"translation": {"en": …, "zh": …}}."""
    found = fields["translation"]
    found = json.loads(found) if isinstance(found, str) and found.startswith("{") else found
    if not isinstance(found, dict) or len(found) != 2:
        raise BadRow(Sentence("“translation” must hold two texts, each under its language's code."))
    (source, text), (target, translated) = found.items()
    return _translation({"source": text, "target": translated, "source_lang": source, "target_lang": target})


def _code(fields: Fields, side: str) -> str:
    """A language's code as our prompts name it: what the row says, else what the admin said of the file."""
    said = str(fields.get(f"{side}_lang") or fields.get(f"{side}_is") or "").strip().replace("_", "-")
    short = {"zh": "zh-Hans", "zh-cn": "zh-Hans", "zh-tw": "zh-Hant", "zh-hk": "zh-Hant", "no": "nb"}
    known = {code.lower(): code for code in languages.CODES} | short
    return known.get(said.lower(), known.get(languages.base(said).lower(), said))


def _preference(fields: Fields) -> Values:
    chosen, rejected = answer(fields["chosen"], "chosen"), answer(fields["rejected"], "rejected")
    if chosen.strip() == rejected.strip():
        raise BadRow(Sentence("The better and the worse answer are the same."))
    prompt = asked(fields["prompt"], fields.get("system")) if fields.get("prompt") else _shared(fields["chosen"])
    return {"prompt": prompt, "chosen": chosen, "rejected": rejected, "task": "chat"}


def _shared(chosen: Any) -> Turns:
    """The prompt of a pair that has none of its own: the chosen messages but the last."""
    if not isinstance(chosen, list) or len(chosen) < 2:
        raise BadRow(Sentence("The field “%(field)s” is empty.", field="prompt"))
    return asked(chosen[:-1])


def _thumb(fields: Fields) -> Values:
    said = str(fields["label"]).strip().lower()
    said = said.removesuffix(".0")
    if said not in UP | DOWN:
        raise BadRow(Sentence("The thumb “%(label)s” is neither up nor down: write true or false.", label=said[:40]))
    prompt = asked(fields["prompt"], fields.get("system"))
    return {
        "prompt": prompt,
        "completion": answer(fields["completion"], "completion"),
        "label": said in UP,
        "task": "chat",
    }


def _question(fields: Fields) -> Values:
    answers = fields["answers"]
    answers = answers.get("text", []) if isinstance(answers, dict) else answers
    first = next(iter(answers), "") if isinstance(answers, list) else answers
    passage, question = text_of(fields["context"], "context"), text_of(fields["question"], "question")
    language = "zh" if prompts.is_chinese(question) else "en"
    reply = str(first or "").strip() or prompts.NOT_IN_TEXT[language]
    request = [{"role": turn.role.value, "content": turn.content} for turn in prompts.ask(passage, question)]
    return {"messages": [*request, _reply(reply)], "task": "ask"}


def _sentiment(fields: Fields) -> Values:
    label = LABELS.get(str(fields["label"]).strip().lower())
    if label is None:
        raise BadRow(
            Sentence(
                "The label “%(label)s” is none of positive, neutral and negative.", label=str(fields["label"])[:40]
            )
        )
    request = [
        {"role": turn.role.value, "content": turn.content} for turn in prompts.analyze(text_of(fields["text"], "text"))
    ]
    return {"messages": [*request, _reply(label)], "task": "analyze"}


def _reply(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}


SYSTEM = {"system": ("system", "system_prompt")}
PROMPT = ("prompt", "question", "query", "input", "instruction", "user", "request", "问题", "提问")
REPLY = ("completion", "response", "answer", "output", "reply", "assistant", "回答", "答案")
SIDES = {
    "source_lang": ("source_lang", "src_lang", "source_language"),
    "target_lang": ("target_lang", "tgt_lang", "target_language"),
}

FORMS: dict[str, Form] = {
    "preference": Form(
        gettext_lazy("Preference pairs (prompt, chosen, rejected)"),
        Shape.PREFERENCE,
        {"chosen": ("chosen", "better", "preferred"), "rejected": ("rejected", "worse")},
        _preference,
        {"prompt": PROMPT, **SYSTEM},
    ),
    "messages": Form(
        gettext_lazy("Messages (OpenAI, ChatML)"),
        Shape.SUPERVISED,
        {"messages": ("messages", "chat", "dialog")},
        _messages,
        {},
    ),
    "sharegpt": Form(
        gettext_lazy("ShareGPT (conversations)"),
        Shape.SUPERVISED,
        {"conversations": ("conversations", "conversation")},
        _sharegpt,
        SYSTEM,
    ),
    "thumb": Form(
        gettext_lazy("Thumbs (prompt, completion, label)"),
        Shape.THUMBS,
        {"prompt": PROMPT, "completion": REPLY, "label": ("label", "thumb", "rating", "feedback")},
        _thumb,
        SYSTEM,
    ),
    "alpaca": Form(
        gettext_lazy("Alpaca (instruction, input, output)"),
        Shape.SUPERVISED,
        {"instruction": ("instruction",), "output": ("output", "response")},
        _alpaca,
        {"input": ("input", "context"), **SYSTEM},
    ),
    "qa": Form(
        gettext_lazy("Questions about a text (context, question, answers)"),
        Shape.SUPERVISED,
        {"context": ("context", "passage"), "question": ("question",), "answers": ("answers", "answer")},
        _question,
        {},
    ),
    "translation": Form(
        gettext_lazy("Translations (source, target)"),
        Shape.SUPERVISED,
        {"source": ("source", "src", "source_text", "原文"), "target": ("target", "tgt", "target_text", "译文")},
        _translation,
        SIDES,
    ),
    "translations": Form(
        gettext_lazy("Translations (a field “translation” with two languages)"),
        Shape.SUPERVISED,
        {"translation": ("translation",)},
        _translations,
        {},
    ),
    "sentiment": Form(
        gettext_lazy("Labelled texts (text, label)"),
        Shape.SUPERVISED,
        {"text": ("text", "review", "sentence"), "label": ("label", "sentiment")},
        _sentiment,
        {},
    ),
    "pair": Form(
        gettext_lazy("Prompt and answer"), Shape.SUPERVISED, {"prompt": PROMPT, "completion": REPLY}, _pair, SYSTEM
    ),
}

FIELD_NAMES: dict[str, StrOrPromise] = {
    "messages": gettext_lazy("Messages"),
    "conversations": gettext_lazy("Messages"),
    "system": gettext_lazy("System message"),
    "prompt": gettext_lazy("Prompt"),
    "completion": gettext_lazy("Answer"),
    "chosen": gettext_lazy("The better answer"),
    "rejected": gettext_lazy("The worse answer"),
    "label": gettext_lazy("Label"),
    "instruction": gettext_lazy("Instruction"),
    "input": gettext_lazy("Input"),
    "output": gettext_lazy("Answer"),
    "context": gettext_lazy("Text"),
    "question": gettext_lazy("Question"),
    "answers": gettext_lazy("Answer"),
    "source": gettext_lazy("Text"),
    "target": gettext_lazy("Translation"),
    "translation": gettext_lazy("Translation"),
    "text": gettext_lazy("Text"),
    "source_lang": gettext_lazy("Language of the text"),
    "target_lang": gettext_lazy("Language of the translation"),
}


def guess(form: str, columns: Sequence[str]) -> dict[str, str]:
    """Which columns are likely to hold the fields of that form."""
    known = {column.strip().lower(): column for column in columns}
    wanted = FORMS[form].all
    return {field: column for field, names in wanted.items() if (column := _column(known, names))}
