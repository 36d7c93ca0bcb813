from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from webapp.chat.models import Thumb
from webapp.lib import languages
from webapp.translate.asking import Asked, ask

LONGEST_TEXT = 20_000  # characters
UNKNOWN = _("This language is not offered. Choose one from the list.")


class TextField(forms.CharField):
    """Line breaks as the page counts them: a form sends two characters for each."""

    def to_python(self, value: Any) -> str:
        return (super().to_python(value) or "").replace("\r\n", "\n")


class TranslationForm(forms.Form):
    text = TextField(
        max_length=LONGEST_TEXT,
        strip=False,
        error_messages={
            "required": _("Write or paste a text first."),
            "max_length": _("This is longer than %(limit_value)d characters (%(show_value)d). Translate it in parts."),
        },
    )
    source = forms.CharField(required=False, max_length=12)
    target = forms.CharField(max_length=12, error_messages={"required": UNKNOWN})
    shown = forms.CharField(required=False, max_length=12)  # the target that stood there before, without script
    held = forms.BooleanField(required=False)

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"]
        if not text.strip():
            raise forms.ValidationError(self.fields["text"].error_messages["required"])
        return text

    def clean_source(self) -> str:
        return self._known(self.cleaned_data["source"], also="")

    def clean_target(self) -> str:
        return self._known(self.cleaned_data["target"])

    def _known(self, code: str, also: str | None = None) -> str:
        if code != also and code not in languages.CODES:
            raise forms.ValidationError(UNKNOWN)
        return code

    def asked(self) -> Asked:
        """With the language detected, which takes a moment."""
        values = self.cleaned_data
        held = values["held"] or values["shown"] not in ("", values["target"])
        return ask(values["text"], source=values["source"], target=values["target"], held=held)


class CorrectionForm(forms.Form):
    key = forms.CharField(max_length=32)
    correction = forms.CharField(
        required=False,
        max_length=4000,
        error_messages={"max_length": _("This is longer than %(limit_value)d characters (%(show_value)d).")},
    )


class ThumbForm(forms.Form):
    thumb = forms.TypedChoiceField(choices=Thumb.choices, coerce=int)
