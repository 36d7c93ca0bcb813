"""What is asked of a text, and what comes from the document's page."""

import re
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.http import QueryDict
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from webapp.lib import languages
from webapp.write.selection import Selection
from webapp.write.versions import Action

LONGEST_TOPIC, LONGEST_INSTRUCTION, LONGEST_TEXT = 4_000, 2_000, 500_000  # characters
SHORTEST, LONGEST = 20, 5_000  # words
LENGTHS = {"short": 150, "medium": 400, "long": 1000}  # words; of Chinese and Japanese twice as many characters
KINDS = {
    "article": _("Article"),
    "story": _("Story"),
    "email": pgettext_lazy("kind of text", "E-mail"),
    "code": _("Code"),
}
TONES = {
    "neutral": _("Neutral"),
    "friendly": _("Friendly"),
    "formal": _("Formal"),
    "persuasive": _("Persuasive"),
    "playful": _("Playful"),
}
TOO_LONG = _("This is longer than %(limit_value)d characters (%(show_value)d). Shorten it.")
SELECTION = re.compile(r"(?:source:(\d{1,7}):(\d{1,7})|shown:(\d{1,7}):(\d{1,7}):(\d{1,7}):(\d{1,7}))\Z")


def page_language() -> str:
    return "zh-Hans" if (get_language() or "").startswith("zh") else "en"


def language_choices() -> list[tuple[str, str]]:
    return [(code, languages.name(code)) for code in languages.CODES]


class BriefForm(forms.Form):
    kind = forms.ChoiceField(label=_("Kind"), choices=KINDS, initial="article", widget=forms.RadioSelect)
    topic = forms.CharField(
        label=_("What about?"),
        max_length=LONGEST_TOPIC,
        widget=forms.Textarea(attrs={"rows": 3, "autofocus": True}),
        error_messages={"required": _("Say what the text is about."), "max_length": TOO_LONG},
    )
    length = forms.ChoiceField(
        label=_("Length"),
        choices={"short": _("Short"), "medium": _("Medium"), "long": _("Long")},
        initial="medium",
        widget=forms.RadioSelect,
    )
    words = forms.IntegerField(
        label=_("or so many words"),
        required=False,
        min_value=SHORTEST,
        max_value=LONGEST,
        error_messages={
            "invalid": _("The length is a number of words."),
            "min_value": _("A text has at least %(limit_value)d words."),
            "max_value": _("At most %(limit_value)d words at once; a longer text can be continued."),
        },
    )
    tone = forms.ChoiceField(label=_("Tone"), choices=TONES, initial="neutral")
    language = forms.ChoiceField(label=_("Language"), choices=language_choices, initial=page_language)
    client_id = forms.UUIDField(required=False)

    def brief(self) -> dict[str, Any]:
        """As webapp.write.services.create_document takes it."""
        given = self.cleaned_data
        words = given["words"] or LENGTHS[given["length"]] * (2 if given["language"] in languages.UNSPACED else 1)
        return {"kind": given["kind"], "language": given["language"], "words": words, "tone": given["tone"]}


class Source(forms.CharField):
    """Markdown as it was typed, with a browser's line ends made ours."""

    def __init__(self, **kwargs: Any) -> None:
        errors = {"max_length": TOO_LONG, "required": _("There is nothing left of the text. Write something first.")}
        super().__init__(max_length=LONGEST_TEXT, strip=False, error_messages=errors, **kwargs)

    def to_python(self, value: Any) -> str:
        return (super().to_python(value) or "").replace("\r\n", "\n").replace("\r", "\n")


class EditForm(forms.Form):
    base = forms.IntegerField()
    text = Source()


class ChangeForm(forms.Form):
    base = forms.IntegerField()
    action = forms.ChoiceField(choices=[(action, action.label) for action in Action if action not in ("write", "edit")])
    instruction = forms.CharField(
        max_length=LONGEST_INSTRUCTION, required=False, error_messages={"max_length": TOO_LONG}
    )
    tone = forms.ChoiceField(choices=TONES, required=False)
    selection = forms.CharField(required=False, validators=[RegexValidator(SELECTION)])
    text = Source(required=False)

    def __init__(self, data: QueryDict) -> None:
        """A button has one value: "tone:formal" is the action and the tone."""
        action, _, tone = data.get("action", "").partition(":")
        super().__init__({**data.dict(), "action": action, "tone": tone})

    def clean_selection(self) -> Selection | None:
        found = SELECTION.match(self.cleaned_data["selection"])
        if not found:
            return None
        start, end, *points = (int(number) if number else None for number in found.groups())
        if start is not None and end is not None:
            return Selection(span=(start, end))
        return Selection(points=((points[0] or 0, points[1] or 0), (points[2] or 0, points[3] or 0)))

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        action = given.get("action")
        if action == Action.CHANGE and not given.get("instruction"):
            self.add_error("instruction", _("Say what to change."))
        if action == Action.TONE and not given.get("tone"):
            self.add_error("tone", _("Choose a tone."))
        if action != Action.CHANGE:
            given["instruction"] = ""
        if action != Action.TONE:
            given["tone"] = ""
        given["text"] = given.get("text") or None
        return given
