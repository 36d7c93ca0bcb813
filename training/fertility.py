"""How many bytes of each language a token stands for: the more, the shorter the rows and the faster the model."""

from collections.abc import Mapping, Sequence

from transformers import PreTrainedTokenizerFast


def bytes_per_token(tokenizer: PreTrainedTokenizerFast, texts: Mapping[str, Sequence[str]]) -> dict[str, float]:
    """By language, UTF-8 bytes over tokens; languages without text are left out."""
    found = {}
    for language, some in texts.items():
        if some:
            encoded = tokenizer.backend_tokenizer.encode_batch_fast(list(some), add_special_tokens=False)
            found[language] = sum(len(text.encode()) for text in some) / max(1, sum(len(e.ids) for e in encoded))
    return found
