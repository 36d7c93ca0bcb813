"""Chinese with thousands separators, as browsers write it: Django has none, and some numbers grow in the browser."""

THOUSAND_SEPARATOR = ","
NUMBER_GROUPING = 3
