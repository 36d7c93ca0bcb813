"""Personal data is found where its numbers hold, in Chinese text as in English, and masked."""

import pytest

from webapp.datasets import personal


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Write to anna.lee+tea@example.co.uk.", "email"),
        ("请发邮件到zhang.wei@example.com，谢谢", "email"),
        ("身份证号11010519491231002X，请核对", "id"),
        ("身份证：440524188001010014", "id"),
        ("SSN 123-45-6789", "id"),
        ("我的手机号是13812345678。", "phone"),
        ("电话138 1234 5678", "phone"),
        ("+86 138-1234-5678", "phone"),
        ("座机010-62345678", "phone"),
        ("客服热线400-820-8820", "phone"),
        ("Call +44 20 7946 0958 today", "phone"),
        ("Call (415) 555-0132", "phone"),
        ("银行卡6222021234567890128", "card"),
        ("Card: 4111 1111 1111 1111", "card"),
        ("4012-8888-8888-1881", "card"),
        ("Amex 3782 822463 10005", "card"),
        ("IBAN DE89 3704 0044 0532 0130 00", "card"),
    ],
)
def test_it_is_found_and_masked(text: str, kind: str) -> None:
    assert [found for found, _ in personal.find(text)] == [kind]
    masked = personal.mask(text)
    assert personal.MASKS[kind] in masked
    assert list(personal.find(masked)) == []


@pytest.mark.parametrize(
    "text",
    [
        "In 2024 we sold 1234567 cups for 89.50 each.",
        "身份证号110105194912310021不对",  # the check digit
        "110105199913320021",  # no such day
        "Order 4111 1111 1111 1112",  # Luhn
        "ISBN 978-3-16-148410-0",
        "订单号20240115123456",
        "a@b",
        "version 1.2.3-4567890",
        "3.14159265358979",
        "12345678901234567890123456",
        "0000 0000 0000 0000",
    ],
)
def test_other_numbers_are_none(text: str) -> None:
    assert list(personal.find(text)) == []
    assert personal.mask(text) == text


def test_a_text_without_end_is_looked_through_in_no_time() -> None:
    for piece in ("a", "a@", "1 ", "1-", "+1 ", "A1"):
        assert list(personal.find(piece * 100_000)) == []


def test_several_are_found_in_one_text_each_once() -> None:
    text = "张三，13812345678，zs@example.com，11010519491231002X"
    assert sorted(kind for kind, _ in personal.find(text)) == ["email", "id", "phone"]
    assert personal.mask(text) == "张三，[PHONE]，[EMAIL]，[ID]"
