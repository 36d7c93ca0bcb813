"""The form in which people choose the model and the options of a conversation, or of their next ones."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from webapp.chat.options import SAMPLING, Picker, without_model

LONGEST_SYSTEM = 8000  # characters
MOST_TOKENS = 131_072  # of a reply, where the model's context is not known
LARGEST_SEED = 2**31 - 1


class OptionsForm(forms.Form):
    """What is not sent stays as it is; what is sent empty goes back to its default. `options` is then what to keep."""

    model = forms.CharField(required=False)
    system = forms.CharField(
        label=gettext_lazy("System prompt"),
        required=False,
        max_length=LONGEST_SYSTEM,
        help_text=gettext_lazy("What the model is told before the conversation, such as its role, tone and language."),
        error_messages={"max_length": gettext_lazy("A system prompt has at most %(limit_value)d characters.")},
        widget=forms.Textarea({"rows": 4, "autofocus": True}),
    )
    temperature = forms.FloatField(
        label=gettext_lazy("Temperature"),
        required=False,
        help_text=gettext_lazy("From 0 (always the likeliest word) to 2 (anything goes)."),
        widget=forms.TextInput({"inputmode": "decimal", "autocomplete": "off"}),
    )
    top_p = forms.FloatField(
        label=gettext_lazy("Top p"),
        required=False,
        help_text=gettext_lazy("Only the likeliest words up to this share are drawn from: above 0, at most 1."),
        widget=forms.TextInput({"inputmode": "decimal", "autocomplete": "off"}),
    )
    max_tokens = forms.IntegerField(
        label=gettext_lazy("Longest reply"),
        required=False,
        help_text=gettext_lazy("In tokens; a token is about three quarters of a word."),
        widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "off"}),
    )
    seed = forms.IntegerField(
        label=gettext_lazy("Seed"),
        required=False,
        help_text=gettext_lazy("With the same seed the same question gets the same answer, as far as the server can."),
        widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "off"}),
    )

    def __init__(self, data: Any = None, *, picker: Picker, options: dict[str, Any]) -> None:
        super().__init__(data, initial=options)
        self.picker, self.options = picker, dict(options)
        context = picker.chosen.context
        self.limit = min(context, MOST_TOKENS) if context else MOST_TOKENS
        for name in SAMPLING:
            default = picker.defaults.get(name)
            self.fields[name].widget.attrs["placeholder"] = (
                _("Default") if default is None else _("Default: %g") % default
            )
            self.fields[name].error_messages["invalid"] = self._sentence(name)

    def _sentence(self, name: str) -> str:
        return {
            "temperature": _("The temperature is a number from 0 to 2, such as 0.7."),
            "top_p": _("Top p is a number above 0 and at most 1, such as 0.9."),
            "max_tokens": _("The longest reply is a whole number of tokens from 1 to %d.") % self.limit,
            "seed": _("A seed is a whole number from 0 to %d.") % LARGEST_SEED,
        }[name]

    def _within(self, name: str, allowed: bool) -> Any:
        if self.cleaned_data[name] is not None and not allowed:
            raise forms.ValidationError(self._sentence(name))
        return self.cleaned_data[name]

    def clean_temperature(self) -> float | None:
        return self._within("temperature", 0 <= (self.cleaned_data["temperature"] or 0) <= 2)

    def clean_top_p(self) -> float | None:
        value = self.cleaned_data["top_p"]
        return self._within("top_p", value is not None and 0 < value <= 1)

    def clean_max_tokens(self) -> int | None:
        return self._within("max_tokens", 1 <= (self.cleaned_data["max_tokens"] or 0) <= self.limit)

    def clean_seed(self) -> int | None:
        return self._within("seed", 0 <= (self.cleaned_data["seed"] or 0) <= LARGEST_SEED)

    def clean_model(self) -> str:
        value: str = self.cleaned_data["model"]
        if value and value not in {choice.value for choice in self.picker.choices}:
            raise forms.ValidationError(_("This model is on offer no more. Choose another."))
        return value

    def clean(self) -> dict[str, Any]:
        for name, value in self.cleaned_data.items():
            if name in self.data and name != "model":
                self.options.pop(name, None)
                self.options |= {} if value in (None, "") else {name: value}
        if chosen := self.cleaned_data.get("model"):
            picked = next(choice for choice in self.picker.choices if choice.value == chosen)
            self.options = without_model(self.options) | picked.stored
        return self.cleaned_data
