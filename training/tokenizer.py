"""The tokenizer of a model made here: byte-level BPE, control tokens, and the chat template that goes with them.

Byte-level BPE (Radford et al. 2019, GPT-2) knows every string. The pattern that cuts text into words is the one of
GPT-4 and Qwen, with digits one by one.
"""

from collections.abc import Iterable
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

END_OF_TEXT = "<|endoftext|>"
IM_START = "<|im_start|>"
IM_END = "<|im_end|>"
CONTROL_TOKENS = (END_OF_TEXT, IM_START, IM_END)

_WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)

CHAT_TEMPLATE = (Path(__file__).parent / "chat_template.jinja").read_text(encoding="utf-8")


def train_tokenizer(texts: Iterable[str], *, vocab_size: int, max_token_length: int = 16) -> PreTrainedTokenizerFast:
    """Learn VOCAB_SIZE tokens (256 bytes and the control tokens among them) from TEXTS.

    A small corpus may not hold that many merges; the vocabulary is then smaller, never larger.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_WORDS), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=list(CONTROL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        max_token_length=max_token_length,
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=IM_END,
        pad_token=END_OF_TEXT,
        additional_special_tokens=[IM_START],
        chat_template=CHAT_TEMPLATE,
        clean_up_tokenization_spaces=False,
    )


def control_id(tokenizer: PreTrainedTokenizerFast, token: str) -> int:
    """The id of a control token. Raises KeyError if the tokenizer does not have it."""
    number = tokenizer.backend_tokenizer.token_to_id(token)
    if number is None:
        raise KeyError(token)
    return int(number)
