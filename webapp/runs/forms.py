from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from webapp.accounts.models import Team
from webapp.runs.access import corpora_of
from webapp.runs.models import Checked
from webapp.runs.presets import SIZES

LARGEST_UPLOAD = 2 * 1024**3  # bytes
SUFFIXES = (".jsonl", ".json", ".ndjson", ".txt", ".md")
MINUTES = [(1, _("1 minute: to see it work")), (10, _("10 minutes")), (60, _("1 hour")), (240, _("4 hours"))]
MINUTES += [(720, _("12 hours")), (1440, _("a day"))]


class UploadForm(forms.Form):
    file = forms.FileField(
        label=_("File"),
        error_messages={
            "required": _("Choose a file first."),
            "empty": _("The file is empty: there is nothing to learn from."),
        },
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if not file.name.lower().endswith(SUFFIXES):
            raise forms.ValidationError(
                _("%(name)s: choose a file that ends with %(suffixes)s.")
                % {"name": file.name, "suffixes": ", ".join(SUFFIXES)}
            )
        if file.size > LARGEST_UPLOAD:
            raise forms.ValidationError(_("The file is larger than 2 GB: divide it."))
        return file


class RunForm(forms.Form):
    name = forms.CharField(
        label=_("Name"), max_length=80, error_messages={"required": _("Give the model a name, to know it again.")}
    )
    corpora: forms.ModelMultipleChoiceField = forms.ModelMultipleChoiceField(
        label=_("Texts to learn from"),
        queryset=None,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one file to learn from.")},
    )
    size = forms.ChoiceField(label=_("Size"), initial="tiny", widget=forms.RadioSelect)
    minutes = forms.TypedChoiceField(label=_("Time"), choices=MINUTES, coerce=int, initial=10)
    seed = forms.IntegerField(
        label=_("Seed"), initial=0, min_value=0, max_value=2**31 - 1, help_text=_("The same seed repeats the run.")
    )

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["corpora"].queryset = corpora_of(team).filter(status=Checked.READY)  # type: ignore[attr-defined]
        self.fields["size"].choices = [(key, size.label) for key, size in SIZES.items()]  # type: ignore[attr-defined]
