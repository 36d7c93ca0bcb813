import json
from collections.abc import Callable
from pathlib import Path

import pytest

from training.__main__ import main
from training.config import PretrainConfig
from training.corpus import tokenizer_texts
from training.fertility import bytes_per_token
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


def test_no_token_is_longer_than_asked_for() -> None:
    tokenizer = train_tokenizer(["你好世界你好世界", "internationalisation"] * 50, vocab_size=400, max_token_length=9)

    assert max(len(token) for token in tokenizer.get_vocab() if token not in CONTROL_TOKENS) <= 9


def test_it_learns_from_distinct_texts_and_so_much_of_each_language(
    tmp_path: Path, tiny_config: Callable[..., PretrainConfig]
) -> None:
    rows = [{"text": "The same reply.", "lang": "en"}] * 50
    rows += [{"text": f"中文句子第{i}号。", "lang": "zh"} for i in range(100)]
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (tmp_path / "text.jsonl").write_text(lines, encoding="utf-8")
    config = tiny_config(
        {"sources": [{"file": "text.jsonl", "kind": "text"}]},
        evaluation=[],
        row_tokens=[512],
        batch_tokens=1024,
        model=tiny_config().model.model_dump() | {"max_position_embeddings": 512},
        tokenizer={"characters": 1000, "shares": {"zh": 0.1}},
    )

    texts = tokenizer_texts(config, [tmp_path])

    assert texts["en"] == ["The same reply."]
    assert 100 <= sum(map(len, texts["zh"])) < 120


def test_the_command_says_how_well_it_fits_each_language(
    corpus: Path, tmp_path: Path, tiny_config: Callable[..., PretrainConfig], capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "run.json"
    config.write_text(tiny_config().model_dump_json())

    assert main(["tokenizer", str(config), "--corpus", str(corpus), "--out", str(tmp_path / "tokenizer")]) == 0

    said = capsys.readouterr().out
    assert "tokens; bytes per token by language:" in said
    assert "  en  " in said
    assert (tmp_path / "tokenizer" / "tokenizer.json").is_file()


def test_bytes_per_token_is_what_it_says() -> None:
    tokenizer = train_tokenizer(TEXTS, vocab_size=320)
    text = "你好，今天天气很好。"

    found = bytes_per_token(tokenizer, {"zh": [text], "en": []})

    assert found == {"zh": len(text.encode()) / len(tokenizer.encode(text, add_special_tokens=False))}
