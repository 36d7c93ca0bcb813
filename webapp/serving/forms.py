from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from inference.versions import CONFIG, WEIGHTS
from webapp.accounts.models import Team, User
from webapp.serving.access import models_of, teams_of
from webapp.serving.files import LIMITS
from webapp.serving.models import NamedModel

SHARES = [(100, _("Everybody, at once")), (50, _("First to half of the conversations"))]
SHARES += [(20, _("First to a fifth of the conversations")), (5, _("First to one conversation in twenty"))]
LARGEST_UPLOAD = sum(LIMITS.values())


class FilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """One file or several."""

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        if not data:
            raise forms.ValidationError(self.error_messages["required"], code="required")
        return [super(FilesField, self).clean(file, initial) for file in data]


class UploadForm(forms.Form):
    name = forms.CharField(
        label=_("Name"), max_length=80, required=False, help_text=_("Where it is empty, the file’s name.")
    )
    upload = FilesField(
        label=_("Files"),
        help_text=_("A .zip archive, or adapter_config.json and adapter_model.safetensors together."),
        error_messages={
            "required": _("Choose the adapter's files first."),
            "empty": _("The file is empty."),
        },
        widget=FilesInput({"accept": ".zip,.safetensors,.json"}),
    )

    def clean_upload(self) -> list[UploadedFile]:
        files: list[UploadedFile] = self.cleaned_data["upload"]
        names = [file.name or "" for file in files]
        if sum(file.size or 0 for file in files) > LARGEST_UPLOAD:
            raise forms.ValidationError(_("That is more than 1 GB, and so no adapter that is served here."))
        if len(files) == 1 and names[0].lower().endswith(".zip"):
            return files
        if len(set(names)) == len(names) and {CONFIG, WEIGHTS} <= set(names) <= set(LIMITS):
            return files
        raise forms.ValidationError(
            _("Choose one .zip archive, or %(config)s and %(weights)s together. Pickled weights (.bin) are never read.")
            % {"config": CONFIG, "weights": WEIGHTS}
        )


class TeamsField(forms.ModelMultipleChoiceField):
    widget = forms.CheckboxSelectMultiple


class ModelForm(forms.Form):
    """What a named model is called, and who may choose it."""

    name = forms.CharField(
        label=_("Name"),
        max_length=60,
        help_text=_("People see it in the list of models."),
        error_messages={"required": _("Give the model a name that people will know it by.")},
    )
    teams = TeamsField(
        label=_("Whose people may choose it"),
        queryset=Team.objects.none(),
        error_messages={"required": _("Choose at least one team.")},
    )

    def __init__(self, *args: Any, user: User, team: Team, model: NamedModel | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.team, self.own = team, model
        allowed = teams_of(user)
        if model:  # a team that another admin chose stays, whoever saves
            allowed = (allowed | model.teams.all()).distinct()
        self.fields["teams"].queryset = allowed  # type: ignore[attr-defined]
        self.fields["teams"].initial = list(model.teams.all()) if model else [team]
        self.fields["name"].initial = self.fields["name"].initial or (model.name if model else "")

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        same = NamedModel.objects.filter(team=self.team, name__iexact=name)
        if self.own:
            same = same.exclude(pk=self.own.pk)
        if same.exists():
            raise forms.ValidationError(_("There is a model of that name. Choose it above, or another name."))
        return name


class ServiceForm(ModelForm):
    """Which model gets the adapter as its next version: one that there is, or a new one."""

    existing: forms.ModelChoiceField = forms.ModelChoiceField(
        label=_("Model"), queryset=NamedModel.objects.none(), required=False, empty_label=_("A new model")
    )
    share = forms.TypedChoiceField(
        label=_("Who gets it"),
        choices=SHARES,
        coerce=int,
        initial=100,
        required=False,
        help_text=_("On a trial you see both versions side by side, then give the new one to all or take it back."),
    )

    field_order = ("existing", "name", "teams", "share")

    def __init__(self, *args: Any, user: User, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, user=user, team=team, **kwargs)
        self.known = models_of(team)
        self.fields["existing"].queryset = self.known  # type: ignore[attr-defined]
        if self.data.get("existing"):  # its own name and teams stay
            self.fields["name"].required = self.fields["teams"].required = False

    def clean_name(self) -> str:
        return "" if self.data.get("existing") else super().clean_name()
