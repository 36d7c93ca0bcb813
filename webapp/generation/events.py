"""What is said about a reply while it is written, to the Channels group in its `channel`.

reply.delta    {id, offset, text}   text[offset:] grew; offsets count characters. May be lost, repeated or late
reply.waiting  {id, waiting}        a Waiting value
reply.ended    {id}                 the row has the outcome; so has the event where a worker tells it:
               {outcome, length}    those columns, and how many characters the text has; besides what the receivers of
                                    generation_ended returned
"""

from typing import Any

from webapp.generation.models import Generation

OUTCOME = (
    *("status", "waiting", "failure", "finish_reason", "turns_left_out", "prompt_tokens", "completion_tokens"),
    *("first_token_ms", "writing_ms", "finished_at", "version"),
)


def delta(generation_id: int, offset: int, text: str) -> dict[str, Any]:
    return {"type": "reply.delta", "id": generation_id, "offset": offset, "text": text}


def waiting(generation_id: int, reason: str) -> dict[str, Any]:
    return {"type": "reply.waiting", "id": generation_id, "waiting": reason}


def ended(generation_id: int) -> dict[str, Any]:
    return {"type": "reply.ended", "id": generation_id}


def ended_with(generation: Generation) -> dict[str, Any]:
    outcome = {name: getattr(generation, name) for name in OUTCOME}
    return {**generation.told, **ended(generation.pk), "outcome": outcome, "length": len(generation.text)}
