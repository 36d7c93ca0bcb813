"""The forms about endpoints. A form asks the server for its models before it is valid."""

from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inference.messages import ModelCard
from webapp.accounts.models import Team
from webapp.generation import endpoints
from webapp.generation.models import Endpoint
from webapp.lib import sealing


class EndpointForm(forms.Form):
    """A new endpoint. When it is valid, `cards` is what its server lists."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=60,
        help_text=gettext_lazy("As people see it when they choose a model."),
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    url = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=300,
        help_text=gettext_lazy("Of an OpenAI-compatible server: http://localhost:11434/v1 is Ollama on this machine."),
        widget=forms.TextInput({"autocomplete": "off", "inputmode": "url", "spellcheck": "false"}),
    )
    key = forms.CharField(
        label=gettext_lazy("API key"),
        required=False,
        max_length=400,
        help_text=gettext_lazy("Stored encrypted, and never shown again. A server without keys needs none."),
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )
    cards: list[ModelCard]

    def __init__(self, *args: Any, team: Team, endpoint: Endpoint | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.team, self.endpoint = team, endpoint

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        others = Endpoint.objects.filter(team=self.team, name__iexact=name)
        if (others.exclude(pk=self.endpoint.pk) if self.endpoint else others).exists():
            raise ValidationError(_("The team has an endpoint of this name. Choose another."))
        return name

    def clean_url(self) -> str:
        return endpoints.check_address(self.cleaned_data["url"])

    def clean_key(self) -> str:
        key: str = self.cleaned_data["key"].strip()
        if not key.isascii() or not key.isprintable():
            raise ValidationError(_("A key has letters, digits and signs only. Copy it again."))
        return key

    def clean(self) -> dict[str, Any]:
        if not self.errors:
            self._ask_server(self.cleaned_data["url"], self.cleaned_data["key"])
        return self.cleaned_data

    def _ask_server(self, url: str, key: str) -> None:
        try:
            self.cards = endpoints.list_models(url, key)
        except ValidationError as error:
            self.add_error("key" if error.code == "key" else "url", error)


class ChangeForm(EndpointForm):
    """What an admin may change. The server is asked again only when its address or its key changes."""

    forget = forms.BooleanField(label=gettext_lazy("Forget the stored key"), required=False)
    served = forms.MultipleChoiceField(
        label=gettext_lazy("Models that people may choose"), required=False, widget=forms.CheckboxSelectMultiple
    )
    endpoint: Endpoint

    def __init__(self, *args: Any, endpoint: Endpoint, **kwargs: Any) -> None:
        initial = {"name": endpoint.name, "url": endpoint.url, "served": endpoint.served}
        super().__init__(*args, team=endpoint.team, endpoint=endpoint, initial=initial, **kwargs)
        offered = sorted({*endpoint.listed, *endpoint.served}, key=str.lower)
        cast(forms.MultipleChoiceField, self.fields["served"]).choices = [(name, name) for name in offered]
        if endpoint.sealed_key:
            self.fields["key"].help_text = _("A key is stored. Leave this empty to keep it.")
        else:
            del self.fields["forget"]

    def clean(self) -> dict[str, Any]:
        if self.errors:
            return self.cleaned_data
        url, key = self.cleaned_data["url"], self.cleaned_data["key"]
        moved = endpoints.origin(url) != endpoints.origin(self.endpoint.url)
        forget = bool(self.cleaned_data.get("forget"))
        if moved and self.endpoint.sealed_key and not key and not forget:
            self.add_error("key", _("The address leads to another server: enter its key, or forget the stored one."))
            return self.cleaned_data
        self.new_key = key if key or forget else None
        if url != self.endpoint.url or self.new_key is not None:
            self._ask_server(url, self._stored_key() if self.new_key is None else self.new_key)
        return self.cleaned_data

    def _stored_key(self) -> str:
        try:
            return sealing.unseal(self.endpoint.sealed_key)
        except sealing.Unreadable:
            self.add_error("key", _("The stored key cannot be read any more. Enter it again."))
            return ""
