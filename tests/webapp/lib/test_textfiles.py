"""Files as people have them become text, whatever wrote them."""

import pytest

from webapp.lib import textfiles

CHINESE = "黄鳍雀鲷为雀鲷科雀鲷属的鱼类，俗名菲律宾雀鲷。本鱼分布于印度西太平洋区，包括琉球群岛、台湾、菲律宾等海域。\n"
TRADITIONAL = "臺灣位於亞洲東部，四面環海，氣候溫暖，物產豐富。這裡的人們熱情好客，喜歡喝茶聊天。\n"
JAPANESE = "東京は日本の首都であり、世界でもっとも人口の多い都市のひとつです。カタカナとひらがなも使います。\n"
FRENCH = "L’été dernier, nous avons visité un château près de la forêt ; le café était très bon, mais un peu cher.\n"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (CHINESE, "utf-8"),
        (CHINESE, "utf-8-sig"),
        (CHINESE, "utf-16"),
        (CHINESE, "gb18030"),
        (TRADITIONAL, "big5"),
        (JAPANESE, "shift_jis"),
        (JAPANESE, "euc_jp"),
        (FRENCH, "cp1252"),
        ("Plain words.\n", "utf-16-le"),
        ("Plain words.\n", "utf-16-be"),
    ],
)
def test_a_text_is_read_in_whatever_encoding_it_was_saved(text: str, encoding: str) -> None:
    assert textfiles.read("notes.txt", text.encode(encoding)) == text


def test_lines_end_alike_whatever_system_wrote_them() -> None:
    assert textfiles.read("a.txt", b"one\r\ntwo\rthree\n") == "one\ntwo\nthree\n"


def test_of_a_web_page_the_words_are_read() -> None:
    page = "<title>Owls</title><style>p{}</style><script>alert(1)</script><p>Owls &amp; mice</p><p>at <b>night</b></p>"
    assert textfiles.read("owls.html", page.encode()) == "Owls\nOwls & mice\nat night"


@pytest.mark.parametrize(
    "data", [b"%PDF-1.7\x00\x01\x02\xff\xfe\xfa", bytes(range(256)) * 4, b"PK\x03\x04" + b"\x00\x07" * 90]
)
def test_what_is_no_text_is_refused_with_a_sentence(data: bytes) -> None:
    with pytest.raises(textfiles.Unreadable, match=r"report\.pdf is no text file"):
        textfiles.read("report.pdf", data)


def test_a_file_that_is_too_large_or_empty_is_refused_with_a_sentence() -> None:
    with pytest.raises(textfiles.Unreadable, match="larger than 2 MB"):
        textfiles.read("a.txt", b"a" * (textfiles.MOST_BYTES + 1))
    with pytest.raises(textfiles.Unreadable, match="empty"):
        textfiles.read("a.txt", b" \n")
