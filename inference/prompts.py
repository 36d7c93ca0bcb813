"""One home for every prompt: pure functions from what a person gave to the messages a model gets."""

import re
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


SENTIMENTS = ("positive", "neutral", "negative")
NOT_IN_TEXT = {"en": "That is not in this text.", "zh": "文中没有提到。"}
HAN, KANA = re.compile(r"[\u3400-\u9fff]"), re.compile(r"[\u3040-\u30ff]")

ASK = {
    "en": "Answer the question from the text. If the answer is not in the text, reply: {refusal}\n\n"
    "Text:\n{passage}\n\nQuestion: {question}",
    "zh": "根据文字回答问题。如果文字里没有答案，请回答：{refusal}\n\n文字：\n{passage}\n\n问题：{question}",
}


def ask(passage: str, question: str, *, earlier: Sequence[Message] = ()) -> list[Message]:
    """A question about a passage, which the model reads with the first question only: `earlier` are the questions and
    answers before this one, without it. The instructions are in the question's language, as far as we have them."""
    first, *others = [*earlier, Message(Role.USER, question)]
    language = "zh" if is_chinese(first.content) else "en"
    request = ASK[language].format(refusal=NOT_IN_TEXT[language], passage=passage.strip(), question=first.content)
    return [Message(Role.USER, request), *others]


def analyze(text: str) -> list[Message]:
    """Ask for one of SENTIMENTS. Give SamplingParams(choices=SENTIMENTS), so that nothing else can be the reply."""
    return [Message(Role.USER, f"Is this text positive, neutral or negative? Reply with one word.\n\n{text}")]


def is_chinese(text: str) -> bool:
    """Whether a text is written in Chinese rather than in Japanese or with letters: for choosing our own words only."""
    return len(HAN.findall(text)) * 4 >= len(text.strip()) > 0 and not KANA.search(text)


def _language(code: str) -> str:
    return LANGUAGES.get(code.split("-")[0].lower(), code)
