"""Personal data in a text: e-mail addresses, telephone numbers, numbers of identity papers and of cards.

A number counts only where its check digit is right, as far as it has one: the mainland identity number (GB 11643-1999),
cards (Luhn, ISO/IEC 7812-1), IBAN (ISO 13616). Telephone numbers are those of the Chinese mainland, with and without
+86, and international ones that begin with +.
"""

import re
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial

from django.utils.translation import gettext_lazy as _

NAMES = {
    "email": _("E-mail addresses"),
    "id": _("ID numbers"),
    "card": _("Card numbers"),
    "phone": _("Telephone numbers"),
}
MASKS = {"email": "[EMAIL]", "id": "[ID]", "card": "[CARD]", "phone": "[PHONE]"}
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
FREE, END = r"(?<![0-9A-Za-z])", r"(?![0-9A-Za-z])"  # \b would take Chinese characters for a part of the number
EMAIL = re.compile(
    r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}+@[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}[A-Za-z0-9])?"
    r"(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}[A-Za-z0-9])?)+"
)
MAINLAND_ID = re.compile(rf"{FREE}[1-9]\d{{16}}[0-9Xx]{END}")
SOCIAL_SECURITY = re.compile(rf"{FREE}(?!000|666|9)\d{{3}}-(?!00)\d{{2}}-(?!0000)\d{{4}}{END}")
IBAN = re.compile(rf"{FREE}[A-Z]{{2}}\d{{2}}(?: ?[0-9A-Z]{{4}}){{2,7}}(?: ?[0-9A-Z]{{1,4}})?{END}")
CARD = re.compile(
    rf"{FREE}[2-6]\d{{3}}[ -]?(?:\d{{4}}[ -]?){{2}}\d{{1,7}}{END}|{FREE}3[47]\d{{2}}[ -]?\d{{6}}[ -]?\d{{5}}{END}"
)
MOBILE = re.compile(rf"(?<![0-9A-Za-z])(?:(?:\+|00)?86[ -]?)?1[3-9]\d[ -]?\d{{4}}[ -]?\d{{4}}{END}")
LANDLINE = re.compile(
    rf"{FREE}(?:(?:\+86[ -]?)?0\d{{2,3}}[- ]\d{{7,8}}|\(0\d{{2,3}}\) ?\d{{7,8}}|400-?\d{{3}}-?\d{{4}}){END}"
)
ABROAD = re.compile(rf"\+[1-9]\d{{0,2}}(?:[ .-]?\(?\d{{1,4}}\)?){{2,5}}{END}")
AMERICAN = re.compile(rf"{FREE}(?:\([2-9]\d{{2}}\) ?|[2-9]\d{{2}}[-.])[2-9]\d{{2}}[-.]\d{{4}}{END}")


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def is_mainland_id(number: str) -> bool:
    """Its birthday is a day, and its last digit checks the others (ISO 7064, MOD 11-2)."""
    try:
        date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    total = sum(weight * int(digit) for weight, digit in zip(WEIGHTS, number[:17], strict=True))
    return "10X98765432"[total % 11] == number[17].upper()


def is_card(number: str) -> bool:
    digits = _digits(number)
    doubled = [int(digit) * (1 + at % 2) for at, digit in enumerate(reversed(digits))]
    return 13 <= len(digits) <= 19 and len(set(digits)) > 1 and sum(n - 9 if n > 9 else n for n in doubled) % 10 == 0


def is_iban(number: str) -> bool:
    plain = number.replace(" ", "")
    return 15 <= len(plain) <= 34 and int("".join(str(int(c, 36)) for c in plain[4:] + plain[:4])) % 97 == 1


def _is_phone(number: str) -> bool:
    return 7 <= len(_digits(number)) <= 15


SEARCHES: tuple[tuple[str, re.Pattern[str], Callable[[str], bool]], ...] = (
    ("email", EMAIL, bool),
    ("id", MAINLAND_ID, is_mainland_id),
    ("id", SOCIAL_SECURITY, bool),
    ("card", IBAN, is_iban),
    ("card", CARD, is_card),
    ("phone", MOBILE, _is_phone),
    ("phone", LANDLINE, _is_phone),
    ("phone", ABROAD, _is_phone),
    ("phone", AMERICAN, _is_phone),
)


def find(text: str) -> Iterator[tuple[str, str]]:
    """(kind, what stands there), the first of those that share a place."""
    if not any(map(text.__contains__, "@0123456789")):
        return
    taken: list[tuple[int, int]] = []
    for kind, pattern, holds in SEARCHES:
        for match in pattern.finditer(text):
            start, end = match.span()
            if holds(match[0]) and not any(start < other_end and end > other for other, other_end in taken):
                taken.append((start, end))
                yield kind, match[0]


def mask(text: str) -> str:
    """The text with [EMAIL], [ID], [CARD] or [PHONE] in place of what was found."""
    for kind, pattern, holds in SEARCHES:
        text = pattern.sub(partial(_masked, kind, holds), text)
    return text


def _masked(kind: str, holds: Callable[[str], bool], match: re.Match[str]) -> str:
    return MASKS[kind] if holds(match[0]) else match[0]
