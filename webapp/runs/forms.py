from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from webapp.accounts.models import Team
from webapp.runs import memory
from webapp.runs.access import corpora_of
from webapp.runs.models import Checked
from webapp.runs.presets import SIZES, Size

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
        self.there_is_gb = memory.there_is_gb()

    @property
    def sizes(self) -> list[tuple[str, Size, bool]]:
        """Key, size, and whether it would fit into the memory that is free where runs train."""
        return [(key, size, self._fits(size, 0)) for key, size in SIZES.items()]

    def clean(self) -> dict[str, Any]:
        wanted = super().clean() or {}
        characters = sum(corpus.characters for corpus in wanted.get("corpora", ()))
        if "size" in wanted and not self._fits(SIZES[wanted["size"]], characters):
            self.add_error("size", self._remedy(SIZES[wanted["size"]], characters))
        return wanted

    def _fits(self, size: Size, characters: int) -> bool:
        return self.there_is_gb is None or size.memory_gb(characters) <= self.there_is_gb

    def _remedy(self, size: Size, characters: int) -> str:
        if any(self._fits(one, characters) for one in SIZES.values()):
            advice = _(
                "The chosen size needs about %(needed)s GB of memory while it learns, and the machine that trains has "
                "%(room)s GB to spare: choose a smaller size, or end something else on that machine."
            )
        elif any(self._fits(one, 0) for one in SIZES.values()):
            advice = _(
                "With these files the model needs about %(needed)s GB of memory while it learns, and the machine that "
                "trains has %(room)s GB to spare: choose fewer or shorter files."
            )
        else:
            advice = _(
                "Even the smallest size needs more memory than the %(room)s GB that the machine that trains has to "
                "spare: end something else on that machine first."
            )
        return advice % {"needed": f"{size.memory_gb(characters):.1f}", "room": f"{self.there_is_gb:.1f}"}
