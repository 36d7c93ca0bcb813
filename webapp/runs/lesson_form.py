"""The form by which an admin teaches a model. Each default has its reason beside it."""

from typing import Any

from django import forms
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from inference.models import weigh
from webapp.accounts.models import Team
from webapp.datasets.models import Shape, Version
from webapp.lib.counts import Count
from webapp.runs import teaching
from webapp.runs.models import TrainingRun
from webapp.runs.neighbours import serving

SMALL = 500e6  # bytes of weights
METHODS = [
    ("lora", _("LoRA: a small adapter beside the model")),
    ("qlora", _("QLoRA: LoRA on a model in 4 bits, on a GPU")),
    ("full", _("Full: all of the model's weights")),
]
KNOWN = (
    "method",
    "num_epochs",
    "learning_rate",
    "batch_size",
    "max_length",
    "r",
    "lora_alpha",
    "packing",
    "early_stopping_patience",
    "beta",
    "seed",
)  # the fields that the command knows, by the command's names


class LessonForm(forms.Form):
    name = forms.CharField(
        label=_("Name"), max_length=80, error_messages={"required": _("Give the run a name, to know it again.")}
    )
    version: forms.ModelChoiceField = forms.ModelChoiceField(
        label=_("What it learns from"),
        queryset=None,
        empty_label=None,
        help_text=_("A version of a dataset: what was accepted, frozen. Part of it is held out to measure on."),
        error_messages={"required": _("Choose a version of a dataset.")},
    )
    base = forms.ChoiceField(
        label=_("Base model"), help_text=_("Only an adapter of the model in service can be put in service.")
    )
    start_from = forms.ChoiceField(
        label=_("Go on from"),
        required=False,
        help_text=_("Preferences and thumbs work best on an adapter that has learnt the answers first."),
    )
    goes_to = forms.ChoiceField(
        label=_("To be put in service as"),
        required=False,
        help_text=_("At its end it is compared with the version that serves under that name, and with the base model."),
    )
    method = forms.ChoiceField(
        label=_("Method"),
        choices=METHODS,
        initial="lora",
        help_text=_(
            "LoRA learns as well as full training on a few thousand rows, with a tenth of the memory, and can be "
            "served, compared and taken back at once."
        ),
    )
    num_epochs = forms.FloatField(
        label=_("Epochs"),
        initial=3,
        min_value=0.01,
        max_value=1000,
        help_text=_("How often it sees every row. More learns the rows by heart; less may not learn them."),
    )
    learning_rate = forms.FloatField(
        label=_("Learning rate"),
        required=False,
        min_value=1e-8,
        max_value=1,
        help_text=_("Empty: what suits the method and the model's size. Ten times that of full training is usual."),
    )
    batch_size = forms.IntegerField(
        label=_("Rows in a step"),
        initial=8,
        min_value=1,
        max_value=1024,
        help_text=_("LoRA likes small batches; larger ones make smoother curves and need more memory."),
    )
    max_length = forms.IntegerField(
        label=_("Longest row, in tokens"),
        initial=512,
        min_value=16,
        max_value=131_072,
        help_text=_("What is longer is cut. The dataset's page says how much that is."),
    )
    r = forms.IntegerField(
        label=_("Rank (r)"),
        initial=16,
        min_value=1,
        max_value=64,
        help_text=_("How much an adapter can hold: 16 for a few thousand rows, 32 or 64 for more. 64 can be served."),
    )
    lora_alpha = forms.IntegerField(
        label=_("Alpha"), initial=32, min_value=1, max_value=1024, help_text=_("Twice the rank is usual.")
    )
    packing = forms.BooleanField(
        label=_("Pack short rows together"),
        required=False,
        initial=True,
        help_text=_("Less padding, so more rows a second; rows do not see each other."),
    )
    early_stopping_patience = forms.IntegerField(
        label=_("Stop early"),
        initial=3,
        min_value=0,
        max_value=100,
        help_text=_("After so many measurements in a row without a better held-out loss; 0: never."),
    )
    beta = forms.FloatField(
        label=_("Beta"),
        required=False,
        initial=0.1,
        min_value=0.001,
        max_value=10,
        help_text=_("For pairs and thumbs: how firmly it stays with what it was."),
    )
    seed = forms.IntegerField(
        label=_("Seed"), initial=0, min_value=0, max_value=2**31 - 1, help_text=_("The same seed repeats the run.")
    )

    basic = ("name", "version", "base", "goes_to", "method", "num_epochs")

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["version"].queryset = versions_of(team)
        fields["version"].label_from_instance = _describe
        self.bases = {base.key: base for base in teaching.bases_of(team)}
        self.adapters = {str(run.pk): run for run in teaching.adapters_of(team)}
        if self.bases and weigh(str(next(iter(self.bases.values())).directory)) < SMALL:
            fields["num_epochs"].initial = 5  # a small model needs to see a row more often
        fields["base"].choices = [(base.key, base.name) for base in self.bases.values()]
        fields["start_from"].choices = [
            ("", _("The base model")),
            *((key, run.name) for key, run in self.adapters.items()),
        ]
        self._offer_places(team)
        self._recall()

    def _offer_places(self, team: Team) -> None:
        """Without a choice there is no field."""
        fields: Any = self.fields
        places = [(one.key, one.title) for one in serving(team)]
        if not places:
            del fields["goes_to"]
            return
        fields["goes_to"].choices = [*places, ("", _("A new name"))]
        wanted = str(self.initial.get("version", ""))
        version = fields["version"].queryset.filter(pk=int(wanted)).first() if wanted.isdecimal() else None
        fields["goes_to"].initial = teaching.likely_place(team, version)

    def _recall(self) -> None:
        """Of a run that is to be repeated with changes: the command knows models by their directories."""
        base, start = self.initial.get("base"), self.initial.get("start_from")
        self.initial["base"] = next((key for key, one in self.bases.items() if str(one.directory) == base), base)
        keys = (key for key, run in self.adapters.items() if str(run.result) == start)
        self.initial["start_from"] = next(keys, start)

    @property
    def advanced(self) -> list[forms.BoundField]:
        return [field for field in self if field.name not in self.basic]

    def clean(self) -> dict[str, Any]:
        wanted = super().clean() or {}
        version, method = wanted.get("version"), wanted.get("method")
        if version and version.shape != Shape.SUPERVISED and method == "full":
            self.add_error("method", _("Pairs and thumbs are learnt by an adapter: choose LoRA."))
        start = self.adapters.get(wanted.get("start_from", ""))
        if start and method == "full":
            self.add_error("start_from", _("Full training begins at the base model: merge the adapter into it first."))
        if start and wanted.get("base") and start.config["base"] != str(self.bases[wanted["base"]].directory):
            self.add_error("start_from", _("That adapter belongs to another base model."))
        return wanted

    def configuration(self) -> dict[str, Any]:
        """Of a form that is valid."""
        wanted = self.cleaned_data
        return teaching.configuration(
            self.bases[wanted["base"]],
            wanted["version"],
            {name: wanted[name] for name in KNOWN},
            start_from=self.start,
            goes_to=self.place,
        )

    @property
    def place(self) -> str:
        """The named model that it would go to; empty for a new one."""
        return str(self.cleaned_data.get("goes_to", ""))

    @property
    def start(self) -> TrainingRun | None:
        return self.adapters.get(self.cleaned_data["start_from"])


def versions_of(team: Team) -> Any:
    """The newest first, without those that hold rows of somebody who does not agree any more."""
    return (
        Version.objects.filter(dataset__team=team, dataset__archived_at=None)
        .exclude(contributions__withdrawn_at__isnull=False)
        .select_related("dataset")
        .order_by("-created_at")
    )


def _describe(version: Version) -> str:
    """Short enough for a field's width."""
    described = _("%(dataset)s, version %(number)s: %(rows)s rows, %(held_out)s held out") % {
        "dataset": version.dataset.name,
        "number": version.number,
        "rows": Count(version.rows),
        "held_out": Count(version.held_out),
    }
    return described if version.shape == Shape.SUPERVISED else f"{described} · {version.get_shape_display()}"


def summary(config: dict[str, Any]) -> list[str]:
    """The settings of a run by which people tell it from the next."""
    adapter = {"lora": "LoRA", "qlora": "QLoRA"}.get(config.get("method", ""))
    found = [f"{adapter}, r {config['r']}" if adapter and "r" in config else adapter or gettext("all of the weights")]
    if epochs := config.get("num_epochs"):
        found.append(
            ngettext("%(count)s epoch", "%(count)s epochs", 1 if epochs == 1 else 2) % {"count": _figure(epochs)}
        )
    if rows := config.get("batch_size"):
        found.append(ngettext("%(count)s row in a step", "%(count)s rows in a step", rows) % {"count": Count(rows)})
    return found


def _figure(value: float) -> str:
    """1000 as "1,000", 1.5 as it is."""
    return str(Count(value)) if value == int(value) else f"{value:g}"
