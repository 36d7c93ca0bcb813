"""One home for every prompt: pure functions from what a person gave to the messages a model gets."""

import re
from collections.abc import Sequence

from inference.messages import Message, Role

LANGUAGES = {  # by BCP-47 code; webapp.lib.languages offers the same ones
    "zh": "Chinese",
    "zh-Hant": "Traditional Chinese",
    "en": "English",
    "ja": "Japanese",
    "fr": "French",
    "de": "German",
    "es": "Spanish",
    "ar": "Arabic",
    "bg": "Bulgarian",
    "bn": "Bengali",
    "ca": "Catalan",
    "cs": "Czech",
    "da": "Danish",
    "el": "Greek",
    "et": "Estonian",
    "fa": "Persian",
    "fi": "Finnish",
    "he": "Hebrew",
    "hi": "Hindi",
    "hr": "Croatian",
    "hu": "Hungarian",
    "id": "Indonesian",
    "it": "Italian",
    "ko": "Korean",
    "lt": "Lithuanian",
    "lv": "Latvian",
    "ms": "Malay",
    "nb": "Norwegian Bokmål",
    "nl": "Dutch",
    "pl": "Polish",
    "pt": "Portuguese",
    "pt-BR": "Brazilian Portuguese",
    "ro": "Romanian",
    "ru": "Russian",
    "sk": "Slovak",
    "sl": "Slovenian",
    "sr": "Serbian",
    "sv": "Swedish",
    "sw": "Swahili",
    "ta": "Tamil",
    "th": "Thai",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "ur": "Urdu",
    "vi": "Vietnamese",
}


def chat(history: Sequence[Message], *, system: str = "") -> list[Message]:
    """The conversation as it is, after the system message if there is one. Drops nothing."""
    return [*([Message(Role.SYSTEM, system)] if system else []), *history]


GO_ON = "Continue your last message exactly where it stops. Do not repeat any of it, and add no preface."
SPACED = re.compile(r"[^\W_\u2e80-\U0003ffff]")  # a letter or digit of a script that puts spaces between words


def go_on(messages: Sequence[Message]) -> list[Message]:
    """Ask for the rest of the last message, the assistant's, of a server that cannot simply continue it."""
    return [*messages, Message(Role.USER, GO_ON)]


def seam(written: str, rest: str) -> str:
    """What belongs between a text and the rest that `go_on` brought: no reply begins with the space of its seam."""
    before, after = written[-1:], rest[:1]
    return " " if after and SPACED.match(after) and (SPACED.match(before) or before in set(",.;:!?")) else ""


def translate(text: str, *, source: str, target: str) -> list[Message]:
    """Ask for TEXT in another language; source and target are BCP-47 codes ("en", "zh-Hans"), source may be "" where it
    is not known. A language without a name here is asked for by its code, which larger models know.
    """
    origin = f" from {_language(source)}" if source else ""
    request = f"Translate{origin} into {_language(target)}. Reply with the translation only."
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


KINDS = ("article", "story", "code", "email")
TONES = ("neutral", "friendly", "formal", "persuasive", "playful")
CHANGES = ("shorten", "lengthen", "rewrite", "tone")

WRITE = {
    "en": {
        "article": "Write an article about {topic}.",
        "story": "Write a short story about {topic}.",
        "code": "Write code for this: {topic}",
        "email": "Write an e-mail about this: {topic}",
        "words": "Length: about {words} words.",
        "tone": "Tone: {tone}.",
        "language": "Language: {language}.",
        "markdown": "Format it as Markdown, with headings where they help.",
        "fenced": "Put all code into one Markdown code block.",
        "only": "Reply with the text only.",
        "go on": "Continue.",
        "continue": "Continue the text from exactly where it ends. Repeat nothing; reply with the continuation only.",
        "shorten": "Make this text about half as long. Keep what matters.",
        "lengthen": "Make this text about twice as long. Add detail, nothing off the subject.",
        "rewrite": "Rewrite this text. Keep its meaning.",
        "change": "Change this text as follows: {instruction}",
        "same": "Keep its language and its Markdown. Reply with the new text only.",
        "text": "Text:\n{text}",
        "neutral": "neutral",
        "friendly": "friendly",
        "formal": "formal",
        "persuasive": "persuasive",
        "playful": "playful",
    },
    "zh": {
        "article": "写一篇关于{topic}的文章。",
        "story": "写一个关于{topic}的小故事。",
        "code": "写代码实现：{topic}",
        "email": "写一封电子邮件，内容：{topic}",
        "words": "长度：约{words}字。",
        "tone": "语气：{tone}。",
        "language": "语言：{language}。",
        "markdown": "用 Markdown 排版，需要时加小标题。",
        "fenced": "把所有代码放进一个 Markdown 代码块。",
        "only": "只回复正文。",
        "go on": "请继续。",
        "continue": "从文章结束的地方接着写，不要重复，只回复续写的部分。",
        "shorten": "把这段文字缩短到大约一半，保留要点。",
        "lengthen": "把这段文字扩写到大约两倍，补充细节，不要跑题。",
        "rewrite": "改写这段文字，保持原意。",
        "change": "按下面的要求修改这段文字：{instruction}",
        "same": "保持原来的语言和 Markdown 格式，只回复改好的文字。",
        "text": "文字：\n{text}",
        "neutral": "中性",
        "friendly": "亲切",
        "formal": "正式",
        "persuasive": "有说服力",
        "playful": "活泼",
    },
}
FIRST_CHUNK, CHUNKS = 400, 7  # characters of a text's last turn, and turns: each one before is twice as long


def write(topic: str, *, kind: str, language: str, words: int | None = None, tone: str = "") -> list[Message]:
    """Ask for a text of one of KINDS in a language (BCP-47), of about so many words (in Chinese and Japanese,
    characters), in one of TONES. The instructions are in Chinese for a Chinese text and in English for every other."""
    say = _wording(language)
    wishes = [say["fenced"]] if kind == "code" else []
    if kind != "code":
        wishes += [say["words"].format(words=words)] if words else []
        wishes += [say["tone"].format(tone=say[tone])] if tone not in ("", "neutral") else []
    if kind == "article":
        wishes.append(say["markdown"])
    if language == "zh-Hant" or (say is WRITE["en"] and not language.startswith("en")):
        wishes.append(say["language"].format(language="繁體中文" if language == "zh-Hant" else _language(language)))
    request = say[kind].format(topic=topic.strip().rstrip(".。") if kind in ("article", "story") else topic.strip())
    return [Message(Role.USER, "\n".join([request, *wishes, say["only"]]))]


def write_on(asked: Sequence[Message], text: str, *, language: str) -> list[Message]:
    """Ask how the text, which was the answer to `asked`, goes on.

    Its end goes along as turns, each half as long as the one before: where the model's context is short, whoever sends
    them leaves out the oldest (webapp.generation.writer), and what is nearest to the end stays to the last.
    """
    say = _wording(language)
    turns: list[Message] = []
    for piece in _ending(text):
        turns += [*(asked if not turns else [Message(Role.USER, say["go on"])]), Message(Role.ASSISTANT, piece)]
    return [*turns, Message(Role.USER, say["continue"])]


def write_anew(
    part: str, *, language: str, change: str = "", tone: str = "", instruction: str = "", around: str = ""
) -> list[Message]:
    """Ask for a part of a text in other words: one of CHANGES, or as an instruction says. `around` is what stands
    before it, a turn that may be left out."""
    say = _wording(language)
    plain = say["rewrite" if change == "tone" else change or "rewrite"]
    wish = say["change"].format(instruction=instruction) if instruction else plain
    wishes = [wish, *([say["tone"].format(tone=say[tone])] if tone else []), say["same"]]
    before = [Message(Role.USER, say["go on"]), Message(Role.ASSISTANT, around)] if around.strip() else []
    return [*before, Message(Role.USER, "\n".join(wishes) + "\n\n" + say["text"].format(text=part))]


def _wording(language: str) -> dict[str, str]:
    return WRITE["zh" if language.startswith("zh") else "en"]


def _ending(text: str) -> list[str]:
    """The end of a text in pieces, the last the shortest; cut at white space where there is some."""
    pieces: list[str] = []
    size, rest = FIRST_CHUNK, text
    while rest.strip() and len(pieces) < CHUNKS:
        cut = max(0, len(rest) - size)
        cut += len(re.match(r"\S{0,40}\s+|", rest[cut:])[0]) if cut else 0  # type: ignore[index]
        pieces.insert(0, rest[cut:])
        rest, size = rest[:cut], size * 2
    return pieces


TITLE = {
    "en": "Give this conversation a title of at most six words. Reply with the title only.\n\n"
    "Question:\n{question}\n\nAnswer:\n{answer}",
    "zh": "给下面的对话起一个标题，不超过十二个字。只回复标题。\n\n问题：\n{question}\n\n回答：\n{answer}",
}


def title(question: str, answer: str) -> list[Message]:
    """Ask for a short title of a conversation that begins so."""
    language = "zh" if is_chinese(question) else "en"
    return [Message(Role.USER, TITLE[language].format(question=question.strip(), answer=answer.strip()))]


def is_chinese(text: str) -> bool:
    """Whether a text is written in Chinese rather than in Japanese or with letters: for choosing our own words only."""
    return len(HAN.findall(text)) * 4 >= len(text.strip()) > 0 and not KANA.search(text)


def _language(code: str) -> str:
    return LANGUAGES.get(code) or LANGUAGES.get(code.split("-")[0].lower(), code)
