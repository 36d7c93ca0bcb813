import pytest

from training.tokenizer import CONTROL_TOKENS, control_id, train_tokenizer

TEXTS = ["Hello, how are you? It's 1984.", "你好，今天天气很好。", "def f(x):\n\treturn x  # naïve café"] * 20


@pytest.mark.parametrize(
    "text", ["Hello, world!  two spaces\n\n\tand a tab", "你好，世界！𠮷", "emoji 👩‍💻 é ﷽", " leading and trailing "]
)
def test_it_gives_back_every_text_it_encoded(text: str) -> None:
    tokenizer = train_tokenizer(TEXTS, vocab_size=320)

    assert tokenizer.decode(tokenizer.encode(text, add_special_tokens=False)) == text


def test_it_learns_no_more_tokens_than_asked_for() -> None:
    assert len(train_tokenizer(TEXTS, vocab_size=300)) == 300


def test_control_tokens_are_one_token_each() -> None:
    tokenizer = train_tokenizer(TEXTS, vocab_size=300)

    assert [tokenizer.encode(token) for token in CONTROL_TOKENS] == [[control_id(tokenizer, t)] for t in CONTROL_TOKENS]


def test_digits_are_read_one_by_one() -> None:
    tokenizer = train_tokenizer(["1984 1984 1984 1984"] * 50, vocab_size=300)

    assert len(tokenizer.encode("1984")) == 4
