"""The values that cross the wire to and from a generation server: frozen, plain, without behaviour.

They follow the chat-completions API that vLLM serves
(https://platform.openai.com/docs/api-reference/chat), with the field's own names.
"""

from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


class FinishReason(StrEnum):
    STOP = "stop"
    LENGTH = "length"
    ABORT = "abort"
    REPETITION = "repetition"


REPEATS = 24  # of the same few tokens in a row: by then nobody wants to read on
MOST_LOGPROBS = 20  # candidates that vLLM and OpenAI tell of


class Priority:
    """Lower goes first (vLLM's `--scheduling-policy priority`). People wait for INTERACTIVE, nobody for BATCH."""

    INTERACTIVE = 0
    BATCH = 10


@dataclass(frozen=True, slots=True)
class Message:
    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class SamplingParams:
    """What may be asked of the sampler. `None` leaves the server's default.

    max_tokens is counted in tokens of the reply; seed makes a reply repeatable. choices: the reply is one of these and
    nothing else. logprobs: of so many candidates the probability is told at each token, MOST_LOGPROBS at most.
    repeats: the reply ends when it has said the same few tokens so many times in a row.
    """

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    repetition_penalty: float | None = None
    choices: tuple[str, ...] = ()
    logprobs: int | None = None
    repeats: int | None = None


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """A token of a reply with its natural logarithm of probability, and the likeliest candidates in its place."""

    token: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Usage:
    """Counts of tokens."""

    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of a reply. The last one of a stream carries finish_reason, usage, or both; its text may be empty.

    version: of the model that answered, where the server names one, also on the last one only. logprobs: of the tokens
    in `text`, where they were asked for.
    """

    text: str = ""
    finish_reason: FinishReason | None = None
    usage: Usage | None = None
    version: str = ""
    logprobs: tuple[TokenLogprob, ...] = ()


@dataclass(frozen=True, slots=True)
class Completion:
    """A whole reply. `model` is the name under which the server answered."""

    text: str
    finish_reason: FinishReason
    usage: Usage
    model: str


@dataclass(frozen=True, slots=True)
class ModelCard:
    """One entry of /v1/models. `parent` names the base model of an adapter; context is in tokens; `owned_by` is what
    the server calls itself, or the model's maker: "vllm", "llamacpp", "library" …"""

    id: str
    parent: str | None = None
    context: int | None = None
    owned_by: str = field(default="", compare=False)
