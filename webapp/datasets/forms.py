"""What admins fill in: a file, its columns, a filter of rows, a row, a version."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from webapp.datasets import freezing, kinds, sight, turns
from webapp.datasets.lessons import Values
from webapp.datasets.models import Dataset, Review, Shape
from webapp.lib import languages

LARGEST_UPLOAD = 4 * 1024**3  # bytes
LONGEST_TEXT = 200_000  # characters of one text that is edited by hand
NOT_A_COLUMN, A_COLUMN = [("", _("none"))], [("", _("Choose a column"))]


class UploadForm(forms.Form):
    file = forms.FileField(
        label=_("File"),
        allow_empty_file=True,  # the worker says it, as it says whatever else is wrong
        error_messages={"required": _("Choose a file first.")},
        widget=forms.FileInput(attrs={"accept": ".jsonl,.ndjson,.json,.csv,.tsv,.parquet,.xlsx"}),
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > LARGEST_UPLOAD:
            raise forms.ValidationError(_("The file is larger than 4 GB: divide it."))
        return file


class GatherForm(forms.Form):
    shape = forms.ChoiceField(choices=Shape)


class NameForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=200)


SIDES = {"source_is": _("Language of the text"), "target_is": _("Language of the translation")}


class FormForm(forms.Form):
    """Which form the rows have."""

    form = forms.ChoiceField(
        label=_("What is in a row"),
        choices=lambda: [(name, form.label) for name, form in kinds.FORMS.items()],
        widget=forms.Select(attrs={"data-autosubmit": True}),
    )


class ColumnsForm(forms.Form):
    """Which column is what, for one form of rows."""

    def __init__(self, *args: Any, dataset: Dataset, form: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.form = form
        columns = [(column, column) for column in dataset.columns]
        guess = kinds.guess(form, dataset.columns) | {k: v for k, v in dataset.mapping.items() if k != "form"}
        wanted = kinds.FORMS[form]
        for field in (*wanted.fields, *wanted.more):
            needed = field in wanted.fields
            choices = [*(A_COLUMN if needed else NOT_A_COLUMN), *columns]
            label = kinds.FIELD_NAMES.get(field, field)
            self.fields[field] = forms.ChoiceField(
                label=label,
                choices=choices,
                required=needed,
                initial=guess.get(field),
                error_messages={"required": _("Choose a column.")},
            )
        if form == "translation":
            for side, label in SIDES.items():
                said = [("", _("as its column says, or as it looks")), *_languages()]
                self.fields[side] = forms.ChoiceField(
                    label=label, choices=said, required=False, initial=dataset.mapping.get(side)
                )

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        chosen = [column for field, column in found.items() if column and not field.endswith("_is")]
        if len(set(chosen)) < len(chosen):
            raise forms.ValidationError(_("Each field needs a column of its own."))
        return found

    @property
    def mapping(self) -> dict[str, str]:
        return {"form": self.form, **{field: column for field, column in self.cleaned_data.items() if column}}


def _languages() -> list[tuple[str, str]]:
    return [(code, languages.name(code)) for code in languages.CODES]


class FreezeForm(forms.Form):
    share = forms.IntegerField(
        label=_("Held out, in per cent"),
        initial=freezing.SHARE,
        min_value=freezing.LEAST_SHARE,
        max_value=freezing.MOST_SHARE,
        help_text=_("These rows are never learnt: the model is measured on them. 5 to 10 are usual."),
    )


class InspectForm(forms.Form):
    max_length = forms.TypedChoiceField(
        label=_("Longest row, in tokens"),
        choices=[(length, length) for length in sight.LENGTHS],
        coerce=int,
        initial=sight.MAX_LENGTH,
    )


class ReviewForm(forms.Form):
    review = forms.ChoiceField(choices=Review)


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn of the conversation, as the form shows it."""

    field: forms.BoundField
    at: int
    role: str
    question: int  # which of the row's questions it is, or answers
    removable: bool  # with the turn after it, or alone where it is the system's


class RowForm(forms.Form):
    """The texts of a row. `values`: what it holds now (turns.held); `longest`: characters of its longest text."""

    def __init__(self, *args: Any, values: Values, longest: int = 0, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.values = values
        for name, (label, text) in dict(_texts(values)).items():
            self.fields[name] = forms.CharField(
                label=label,
                initial=text,
                strip=False,
                max_length=max(LONGEST_TEXT, 2 * longest),
                widget=forms.Textarea(attrs={"rows": min(12, 2 + len(text) // 70 + text.count("\n"))}),
                error_messages={"required": _("Write something here, or reject the row.")},
            )
        if "label" in values:
            self.fields["label"] = forms.TypedChoiceField(
                label=_("Thumb"),
                choices=[("up", _("Good answer")), ("down", _("Bad answer"))],
                coerce=lambda said: said == "up",
                initial="up" if values["label"] else "down",
            )

    @property
    def roles(self) -> list[str]:
        return turns.roles_of(self.values)

    @property
    def turns(self) -> list[Turn]:
        questions = accumulate(role == "user" for role in self.roles)
        return [
            self._turn(at, role, question)
            for at, (role, question) in enumerate(zip(self.roles, questions, strict=True))
        ]

    def _turn(self, at: int, role: str, question: int) -> Turn:
        change = "no-system" if role == "system" else f"drop-{at}" if role == "user" else ""
        removable = turns.changed(self.values, change) is not self.values
        return Turn(self[f"{turns.field_of(self.values)}-{at}"], at, role, question, removable)

    @property
    def answers(self) -> list[forms.BoundField]:
        """What comes after the conversation."""
        return [self[name] for name in (*turns.ANSWERS, "label") if name in self.fields]

    def focus(self, at: int) -> None:
        """That turn, or the last one, has the focus when the form is shown."""
        name = f"{turns.field_of(self.values)}-{min(at, len(self.roles) - 1)}"
        self.fields[name].widget.attrs["autofocus"] = True

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        for name, text in list(found.items()):
            if isinstance(text, str) and not text.strip():
                self.add_error(name, _("Write something here, or reject the row."))
            elif isinstance(text, str) and "\x00" in text:
                self.add_error(name, _("It holds a NUL character, which is no text."))
        if "chosen" in found and found["chosen"] == found.get("rejected"):
            self.add_error("chosen", _("The better and the worse answer are the same."))
        return found


SPEAKERS = {"system": _("System message"), "user": _("User"), "assistant": _("Assistant")}
ANSWERS = {"chosen": _("The better answer"), "rejected": _("The worse answer"), "completion": _("Assistant")}


def _texts(values: Mapping[str, Any]) -> Iterator[tuple[str, tuple[Any, str]]]:
    """(field's name, (label, text)) in the order in which they are read."""
    for field in ("messages", "prompt"):
        for at, turn in enumerate(values.get(field, ())):
            yield f"{field}-{at}", (SPEAKERS[turn["role"]], turn["content"])
    for field, label in ANSWERS.items():
        if field in values:
            yield field, (label, values[field])
