"""What is said about a reply while it is written, to the Channels group in its `channel`.

reply.delta    {id, offset, text}   text[offset:] grew; offsets count characters. May be lost, repeated or late
reply.waiting  {id, waiting}        a Waiting value
reply.ended    {id}                 the row has the outcome
"""

from typing import Any


def delta(generation_id: int, offset: int, text: str) -> dict[str, Any]:
    return {"type": "reply.delta", "id": generation_id, "offset": offset, "text": text}


def waiting(generation_id: int, reason: str) -> dict[str, Any]:
    return {"type": "reply.waiting", "id": generation_id, "waiting": reason}


def ended(generation_id: int) -> dict[str, Any]:
    return {"type": "reply.ended", "id": generation_id}
