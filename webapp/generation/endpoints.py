"""Further OpenAI-compatible servers: their addresses, what they list, and how a Client to one is made.

An admin may name any server that this machine reaches, a local one (Ollama) included, over http or https. Never a
socket, never our own engine, never a link-local address (inference.addresses: it is looked at again whenever a name is
resolved); with ENDPOINT_HOSTS the install's operator narrows that to hosts of their choice. Redirects are not followed.
"""

import asyncio
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from inference.addresses import Resolver, forbidden
from inference.client import Client
from inference.errors import EngineBusy, EngineUnavailable, InferenceError, Refused, UnknownModel
from inference.messages import ModelCard
from webapp.accounts.models import Team
from webapp.generation import services
from webapp.generation.models import ACTIVE, AT_ENDPOINT, Endpoint, Failure, Generation
from webapp.lib import sealing

PORTS = {"http": 80, "https": 443}
CONNECT_S, LIST_S = 5.0, 10.0
MOST_MODELS, LONGEST_NAME = 500, 200


class Unusable(Exception):
    """No Client can be made for an endpoint; `failure` says why."""

    def __init__(self, failure: Failure):
        super().__init__(failure)
        self.failure = failure


def check_address(url: str) -> str:
    """The address as we keep it. Raises ValidationError with a sentence."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        raise ValidationError(_("This is no address. Write it like http://localhost:11434/v1.")) from None
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme not in PORTS or not host:
        raise ValidationError(_("An address begins with http:// or https://, such as http://localhost:11434/v1."))
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValidationError(_("Leave out everything but host, port and path; a key goes into its own field."))
    if forbidden(host):
        raise ValidationError(_("No model server is asked at this address. To name this machine, write localhost."))
    if settings.ENDPOINT_HOSTS and host.lower() not in settings.ENDPOINT_HOSTS:
        raise ValidationError(_("This install allows only these hosts: %s.") % ", ".join(settings.ENDPOINT_HOSTS))
    if is_own_engine(host, port or PORTS[parts.scheme]):
        raise ValidationError(_("This is Colloquy’s own engine: its model can be chosen already."))
    return parts.geturl().rstrip("/")


def is_own_engine(host: str, port: int) -> bool:
    own = urlsplit(settings.INFERENCE_URL)
    return bool(own.hostname) and (own.hostname, own.port or PORTS.get(own.scheme)) == (host, port)


def origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port


def make_client(url: str, key: str, *, is_vllm: bool = False, **patience: float) -> Client:
    return Client(url, key or None, plain=not is_vllm, resolver=Resolver(), **patience)


def client_of(endpoint: Endpoint) -> Client:
    """Not open yet. Raises Unusable."""
    try:
        key = sealing.unseal(endpoint.sealed_key)
    except sealing.Unreadable:
        raise Unusable(Failure.ENDPOINT_REFUSED) from None
    return make_client(endpoint.url, key, is_vllm=endpoint.is_vllm)


def list_models(url: str, key: str) -> list[ModelCard]:
    """What the server serves. Raises ValidationError with a sentence that says what is wrong and what to do."""
    try:
        cards = asyncio.run(_list(url, key))
    except (InferenceError, TimeoutError) as error:
        raise ValidationError(trouble(error), code="key" if isinstance(error, Refused) else "url") from error
    cards = [card for card in cards if card.id and len(card.id) <= LONGEST_NAME][:MOST_MODELS]
    if not cards:
        raise ValidationError(_("The server answers, but serves no model. Load or pull one there, then test again."))
    return cards


async def _list(url: str, key: str) -> list[ModelCard]:
    async with asyncio.timeout(LIST_S), make_client(url, key, connect_timeout_s=CONNECT_S) as client:
        return await client.models()


def trouble(error: Exception) -> str:
    """The sentence for people about a server that did not list its models."""
    if "certificate" in str(error).lower():
        return _("The server’s certificate is not trusted by this machine. Install its authority, or use http.")
    if isinstance(error, Refused):
        return _("The server refused the key. Check it; a server without keys takes none.")
    if isinstance(error, EngineBusy):
        return _("The server is busy, or its limit is reached. Try again later.")
    if isinstance(error, EngineUnavailable | TimeoutError):
        return _("No server answers there. Is it running, and is the address reached from Colloquy’s machine?")
    if isinstance(error, UnknownModel):
        return _("A server answers, but it is not OpenAI-compatible at this address. Does the path end in /v1?")
    return _("A server answers, but not as an OpenAI-compatible one does. Check the address.")


@transaction.atomic
def add_endpoint(*, team: Team, name: str, url: str, key: str, cards: list[ModelCard]) -> Endpoint:
    """With what its server listed. Where that is one model, people may choose it at once."""
    endpoint = Endpoint(team=team, name=name, url=url, sealed_key=sealing.seal(key))
    note_listed(endpoint, cards)
    endpoint.served = list(endpoint.listed) if len(cards) == 1 else []
    endpoint.save()
    return endpoint


def note_listed(endpoint: Endpoint, cards: list[ModelCard]) -> None:
    endpoint.listed = {card.id: card.context for card in cards}
    endpoint.is_vllm = any(card.owned_by == "vllm" for card in cards)
    endpoint.checked_at = timezone.now()


@transaction.atomic
def check_endpoint(*, endpoint: Endpoint, cards: list[ModelCard]) -> None:
    note_listed(endpoint, cards)
    endpoint.save(update_fields=["listed", "is_vllm", "checked_at"])


@transaction.atomic
def change_endpoint(*, endpoint: Endpoint, name: str, url: str, served: list[str], key: str | None = None) -> None:
    """key: None keeps the one that is stored, "" forgets it."""
    endpoint.name, endpoint.url, endpoint.served = name, url, served
    if key is not None:
        endpoint.sealed_key = sealing.seal(key)
    endpoint.save(update_fields=["name", "url", "served", "sealed_key"])


@transaction.atomic
def remove_endpoint(*, endpoint: Endpoint) -> None:
    """Replies that it is writing stop, those that wait for it fail; their texts stay."""
    for generation in Generation.objects.filter(endpoint=endpoint, status__in=ACTIVE):
        if not services.fail_queued(generation, Failure.ENDPOINT_GONE):
            services.stop_generation(generation)
    endpoint.delete()


def failure_at(generation: Generation, failure: Failure) -> Failure:
    """The failure in words that fit who was asked."""
    return AT_ENDPOINT.get(failure, failure) if generation.server else failure
