"""One home for every prompt: pure functions from what a person gave to the messages a model gets."""

from collections.abc import Sequence

from inference.messages import Message, Role

LANGUAGES = {
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "ja": "Japanese",
    "zh": "Chinese",
}


def chat(history: Sequence[Message], *, system: str = "") -> list[Message]:
    """The conversation as it is, after the system message if there is one. Drops nothing."""
    return [*([Message(Role.SYSTEM, system)] if system else []), *history]


def translate(text: str, *, source: str, target: str) -> list[Message]:
    """Ask for TEXT in another language; source and target are BCP-47 codes ("en", "zh-Hans").

    A language without a name here is asked for by its code, which larger models know.
    """
    request = f"Translate from {_language(source)} into {_language(target)}. Reply with the translation only."
    return [Message(Role.USER, f"{request}\n\n{text}")]


def _language(code: str) -> str:
    return LANGUAGES.get(code.split("-")[0].lower(), code)
