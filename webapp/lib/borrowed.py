"""Sentences of others that our pages show. Naming them here puts them into our catalogue, which is asked before that of
Django and allauth, so that they speak as the rest of the page does. Nothing runs."""

from django.utils.translation import gettext_noop as _
from django.utils.translation import ngettext_lazy

SENTENCES = (
    _("This field is required."),
    _("Enter a valid email address."),
    _("Null characters are not allowed."),
    _("Select a valid choice. %(value)s is not one of the available choices."),
    ngettext_lazy(
        "Ensure this value has at most %(limit_value)d character (it has %(show_value)d).",
        "Ensure this value has at most %(limit_value)d characters (it has %(show_value)d).",
        "limit_value",
    ),
    ngettext_lazy(
        "This password is too short. It must contain at least %d character.",
        "This password is too short. It must contain at least %d characters.",
        "count",
    ),
    _("This password is too common."),
    _("The password is too similar to the %(verbose_name)s."),
)

NO_JSON = (  # Python's json, as it reads a line
    _("Expecting value"),
    _("Expecting property name enclosed in double quotes"),
    _("Expecting ':' delimiter"),
    _("Expecting ',' delimiter"),
    _("Unterminated string starting at"),
    _("Invalid control character at"),
    _("Invalid \\escape"),
    _("Invalid \\uXXXX escape"),
    _("Extra data"),
    # and ijson with yajl, as it reads a file
    _("lexical error: invalid char in json text."),
    _("lexical error: invalid bytes in UTF8 string."),
    _("lexical error: invalid character inside string."),
    _("lexical error: inside a string, '\\' occurs before a character which it may not."),
    _("lexical error: invalid string in json text."),
    _("parse error: premature EOF"),
    _("parse error: trailing garbage"),
    _("parse error: unallowed token at this point in JSON text"),
    _("parse error: object key and value must be separated by a colon (':')"),
    _("parse error: invalid object key (must be a string)"),
    _("parse error: after key and value, inside map, I expect ',' or '}'"),
    _("parse error: after array element, I expect ',' or ']'"),
)

TYPES = (_("bool"), _("dict"), _("float"), _("int"), _("list"), _("str"), _("NoneType"))  # Python's, of values in JSON
