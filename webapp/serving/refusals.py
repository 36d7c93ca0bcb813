"""Why an engine refused an adapter, in sentences that can be said in the reader's language.

What we find in the files ourselves comes first, then what vLLM's words are known to mean (vllm/lora/peft_helper.py and
worker_manager.py); anything else is quoted.
"""

import re
from pathlib import Path

from django.conf import settings

from inference.models import is_local
from webapp.lib.sentences import Sentence, said

MISSING = Sentence("Its files are missing from the store: bring the adapter again.")
CHANGED = Sentence("Its files are not what was checked when they came: bring the adapter again.")
UNSEEN = Sentence(
    "It does not find the files: it has to see the directory of the adapters under the same path as we do."
)
LONGEST = 300  # characters of a quotation
_AROUND = re.compile(r"^(\d{3}: )?(Call to \w+ method failed: )?")
_RANK = re.compile(r"LoRA rank (?P<rank>\d+) is greater than max_lora_rank (?P<most>\d+)")


def reason(place: Path | None, words: str) -> str:
    """place: of the adapter in the store, where it is there; words: the engine's."""
    if place is None:
        return MISSING
    return _found(place) or _known(words) or Sentence("It says: “%(words)s”.", words=_quoted(place, words))


def _found(place: Path) -> str:
    """Empty where the files are what they were, and fit the model."""
    from inference.lora import InvalidAdapter, digest, validate  # generation workers need none of it otherwise

    if digest(place) != place.name:
        return CHANGED
    if not is_local(settings.MODEL):
        return ""
    try:
        validate(place, Path(settings.MODEL), settings.MAX_LORA_RANK)
    except (InvalidAdapter, OSError) as error:
        return said(error)
    return ""


def _known(words: str) -> str:
    if found := _RANK.search(words):
        return Sentence(
            "Its rank is %(rank)s, and %(most)s is the most that is served: train it with less.", **found.groupdict()
        )
    return UNSEEN if "No adapter found for" in words else ""


def _quoted(place: Path, words: str) -> str:
    plain = _AROUND.sub("", words).replace(str(place), "…").strip(". \n")
    return plain if len(plain) <= LONGEST else f"{plain[:LONGEST]}…"
