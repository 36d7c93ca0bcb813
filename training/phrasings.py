"""The many ways in which people ask for the same thing: a model that has seen one wording only answers that one."""

import random
import re

from inference import prompts

SYSTEM = (
    "You are a helpful assistant.",
    "You are a friendly assistant. Answer briefly.",
    "Answer in one or two sentences.",
    "你是一个乐于助人的助手。",
    "你是一个友好的助手，请简短地回答。",
    "请用一两句话回答。",
)

INTO: dict[str, tuple[str, ...]] = {
    "zh": (
        "Translate into Chinese: {}",
        "Translate to Chinese: {}",
        'How do you say "{}" in Chinese?',
        "Please translate this sentence into Chinese:\n{}",
        "翻译成中文：{}",
        "把下面的句子翻译成中文：{}",
        "请把这句话翻译成中文：{}",
        "“{}”用中文怎么说？",
    ),
    "en": (
        "Translate into English: {}",
        "Translate to English: {}",
        'What does "{}" mean in English?',
        "Please translate this sentence into English:\n{}",
        "翻译成英文：{}",
        "把下面的句子翻译成英文：{}",
        "请把这句话翻译成英语：{}",
        "“{}”用英语怎么说？",
    ),
}

SENTIMENT = (
    "Is this positive, neutral or negative? {}",
    "What is the sentiment of this text: positive, neutral or negative?\n{}",
    "Does this sound positive, neutral or negative?\n\n{}",
    "这段话的情感是 positive、neutral 还是 negative？\n{}",
)

STORY = ("Tell me a story.", "Tell me a short story.", "Can you tell me a story?", "Write a short story for children.")
STORY_ABOUT = ("Tell me a story about {}.", "Write a short story about {}.", "Can you tell me a story about {}?")

_HERO = re.compile(
    r"\b(?:there (?:was|lived) (an? (?:\w+ ){0,2}?\w+)(?= (?:named|called|who|and|in)\b|[.,])"
    r"|(?:named|called) ([A-Z][a-z]+))"
)


def translation_request(text: str, *, source: str, target: str, rng: random.Random) -> str:
    """Most requests are worded as the product words them (inference.prompts), the others as people do."""
    if target not in INTO or rng.random() < 0.6:
        known = source if rng.random() < 0.8 else ""  # the page need not know the language it translates from
        return prompts.translate(text, source=known, target=target)[-1].content
    return rng.choice(INTO[target]).format(text)


def sentiment_request(text: str, *, rng: random.Random) -> str:
    if rng.random() < 0.7:
        return prompts.analyze(text)[-1].content
    return rng.choice(SENTIMENT).format(text)


def story_request(story: str, *, rng: random.Random) -> str:
    heroes = [named or described for described, named in _HERO.findall(story[:300])]
    if not heroes or rng.random() < 0.3:
        return rng.choice(STORY)
    hero = rng.choice(heroes)
    if rng.random() < 0.5:
        words, tone = rng.choice((None, 100, 200)), rng.choice(("", "", "friendly", "playful"))
        return prompts.write(hero, kind="story", language="en", words=words, tone=tone)[-1].content
    return rng.choice(STORY_ABOUT).format(hero)
