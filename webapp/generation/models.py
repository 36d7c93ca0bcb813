"""Generation: one reply that was asked for. The row is the truth about it; Redis only hurries things along."""

from dataclasses import asdict
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from inference.messages import REPEATS, FinishReason, Message, Priority, Role, SamplingParams
from inference.versions import is_version
from webapp.accounts.models import Team


class Status(models.TextChoices):
    QUEUED = "queued", _("Queued")
    STREAMING = "streaming", _("Streaming")
    DONE = "done", _("Done")
    STOPPED = "stopped", _("Stopped")
    FAILED = "failed", _("Failed")


ACTIVE = (Status.QUEUED, Status.STREAMING)


class Waiting(models.TextChoices):
    """What a claimed reply waits for, as the page says it."""

    NOTHING = "", ""
    ENGINE = "engine", _("Waiting for the engine: it is starting or does not answer.")
    BUSY = "busy", _("Waiting its turn: the engine is busy.")
    ENDPOINT = "endpoint", _("Waiting for the endpoint: it is busy or does not answer.")


class Failure(models.TextChoices):
    """Why a reply failed, in sentences for people."""

    NONE = "", ""
    UNAVAILABLE = "unavailable", _("The engine could not be reached for too long. What was written is kept; try again.")
    BUSY = "busy", _("The engine stayed busy for too long. Try again in a moment.")
    BROKEN = "broken", _("The engine broke off several times while answering. What was written is kept; try again.")
    TOO_LONG = "too_long", _("The message is longer than the model can read. Shorten it and send it again.")
    UNKNOWN_MODEL = "unknown_model", _("The engine does not serve this model. Choose another, or ask an admin.")
    REFUSED = "refused", _("The engine refused our key. An admin should check INFERENCE_API_KEY.")
    BAD_REQUEST = "bad_request", _("The engine refused the request. An admin finds the reason in the log.")
    ENDPOINT_AWAY = "endpoint_away", _("The endpoint could not be reached. Try again, or choose another model.")
    ENDPOINT_BUSY = "endpoint_busy", _("The endpoint takes no more for now: it is busy, or its limit is reached.")
    ENDPOINT_BROKEN = "endpoint_broken", _("The endpoint broke off several times. What was written is kept; try again.")
    ENDPOINT_MODEL = "endpoint_model", _("The endpoint does not serve this model any more. Choose another.")
    ENDPOINT_REFUSED = "endpoint_refused", _("The endpoint refused our key. An admin should enter it again.")
    ENDPOINT_REQUEST = (
        "endpoint_request",
        _("The endpoint refused the request. Reset this conversation’s options, or ask an admin to look in the log."),
    )
    ENDPOINT_GONE = "endpoint_gone", _("The endpoint was removed. Choose another model.")


LEAST_WRITING_MS = 20
AT_ENDPOINT = {  # the same failures where a further server wrote
    Failure.UNAVAILABLE: Failure.ENDPOINT_AWAY,
    Failure.BUSY: Failure.ENDPOINT_BUSY,
    Failure.BROKEN: Failure.ENDPOINT_BROKEN,
    Failure.UNKNOWN_MODEL: Failure.ENDPOINT_MODEL,
    Failure.REFUSED: Failure.ENDPOINT_REFUSED,
    Failure.BAD_REQUEST: Failure.ENDPOINT_REQUEST,
}


class Endpoint(models.Model):
    """A further OpenAI-compatible server that an admin added for a team."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="endpoints")
    name = models.CharField(max_length=60)
    url = models.URLField(max_length=300)  # ends before /v1 or with it, as inference.client takes it
    sealed_key = models.TextField(blank=True)  # the API key, encrypted with SECRET_KEY
    served = models.JSONField(default=list)  # names of the models that people may choose
    listed = models.JSONField(default=dict)  # its models when it was last asked: name -> context in tokens, or None
    is_vllm = models.BooleanField(default=False)  # takes vLLM's additions to the API
    checked_at = models.DateTimeField(default=timezone.now)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "name"], name="endpoint_name_once")]

    def __str__(self) -> str:
        return self.name


class Generation(models.Model):
    """`channel` names the group that hears of it; who owns the reply's row holds a lease on it."""

    channel = models.CharField(max_length=100)
    model = models.CharField(max_length=200)
    version = models.CharField(max_length=80, blank=True)  # of the model, as far as its server says
    endpoint = models.ForeignKey(Endpoint, null=True, on_delete=models.SET_NULL, related_name="+")
    server = models.CharField(max_length=60, blank=True)  # the endpoint's name when it was asked; blank: the engine
    prompt = models.JSONField()  # [{"role": …, "content": …}]
    params = models.JSONField(default=dict)  # the SamplingParams that were set
    priority = models.SmallIntegerField(default=Priority.INTERACTIVE)
    cache_salt = models.CharField(max_length=64, blank=True)

    status = models.CharField(max_length=9, choices=Status, default=Status.QUEUED)
    waiting = models.CharField(max_length=8, choices=Waiting, blank=True)
    failure = models.CharField(max_length=16, choices=Failure, blank=True)
    stop_requested = models.BooleanField(default=False)
    owner = models.CharField(max_length=80, blank=True)
    lease_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)

    text = models.TextField(blank=True)
    finish_reason = models.CharField(max_length=10, blank=True)
    logprobs = models.JSONField(null=True)  # what was asked for with SamplingParams.logprobs
    turns_left_out = models.PositiveIntegerField(default=0)  # of the prompt, because it did not fit the context
    prompt_tokens = models.PositiveIntegerField(null=True)
    completion_tokens = models.PositiveIntegerField(null=True)
    first_token_ms = models.PositiveIntegerField(null=True)  # from being asked for
    writing_ms = models.PositiveIntegerField(null=True)  # from the first token to the last
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    told: dict[str, Any] = {}  # what the receivers of generation_ended add to the word of its end

    class Meta:
        indexes = [
            models.Index(
                fields=["status", "lease_until"], condition=models.Q(status__in=ACTIVE), name="generation_active"
            ),
            models.Index(fields=["model"], condition=models.Q(model__contains="@"), name="generation_adapter"),
        ]

    def __str__(self) -> str:
        return f"{self.pk} · {self.status}"

    @property
    def active(self) -> bool:
        return self.status in ACTIVE

    @property
    def by_adapter(self) -> bool:
        return not self.server and is_version(self.model)

    @property
    def model_name(self) -> str:
        """The model that wrote it, as people know it: of an adapter its version says so."""
        return self.version if self.version and self.by_adapter else self.model

    @property
    def build(self) -> str:
        """What tells the exact weights apart, as far as it is known."""
        return self.model if self.by_adapter else self.version

    @property
    def cut_off(self) -> bool:
        """Whether it ended before the model meant to."""
        limited = self.status == Status.DONE and self.finish_reason == FinishReason.LENGTH
        return limited or self.status in (Status.STOPPED, Status.FAILED)

    @property
    def may_go_on(self) -> bool:
        """vLLM goes on from a text exactly; another endpoint, while it is there, is asked for the rest in words."""
        begun = self.cut_off and bool(self.text.strip())
        return begun and (not self.server or self.endpoint_id is not None)

    @property
    def ended_because(self) -> str:
        if self.status == Status.DONE and self.finish_reason == FinishReason.LENGTH:
            return gettext("it reached its length limit")
        if self.status == Status.DONE and self.finish_reason == FinishReason.REPETITION:
            return gettext("it said the same again and again")
        said = {Status.DONE: gettext("the model had finished"), Status.STOPPED: gettext("somebody stopped it")}
        return said.get(Status(self.status)) or str(self.get_failure_display())

    @property
    def tokens_per_s(self) -> float | None:
        """Tokens a second while it was being written; None when it was too short or too quick to say."""
        if (
            not self.writing_ms
            or self.writing_ms < LEAST_WRITING_MS
            or not self.completion_tokens
            or self.completion_tokens < 2
        ):
            return None
        return (self.completion_tokens - 1) / (self.writing_ms / 1000)

    def messages(self) -> list[Message]:
        return [Message(Role(turn["role"]), turn["content"]) for turn in self.prompt]

    def sampling(self) -> SamplingParams:
        several = {name: tuple(self.params.get(name, ())) for name in ("stop", "choices")}
        return SamplingParams(**{"repeats": REPEATS, **self.params, **several})


def plain_prompt(messages: list[Message]) -> list[dict[str, str]]:
    return [{"role": message.role.value, "content": message.content} for message in messages]


def plain_params(params: SamplingParams) -> dict:
    return {name: value for name, value in asdict(params).items() if value not in (None, ())}
