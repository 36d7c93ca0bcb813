"""Rows of models, by SQL that is written once.

The ORM makes each statement anew, which takes more CPU time than PostgreSQL takes to run it. Where every reply passes,
that is most of what a turn costs (tests/bench/README.md); everywhere else the ORM is the way. Connection, transactions
and values of fields are the ORM's. No signals are sent, and no model's `save` is called.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeVar

from django.db import connection, router
from django.db.models import Field, Model

Row = TypeVar("Row", bound=Model)
Convert = Callable[[Any], Any]


@cache
def columns(model: type[Model], table: str = "", without: tuple[str, ...] = ()) -> str:
    """What a SELECT for `load` begins with, or a RETURNING. `without`: fields that stay in the database until asked."""
    prefix = f"{table}." if table else ""
    return ", ".join(f'{prefix}"{field.column}"' for field in fields_of(model) if field.attname not in without)


def load(model: type[Row], sql: str, values: Sequence[Any] | dict[str, Any]) -> list[Row]:
    """Rows of what begins with the columns of the model; what is selected after them becomes attributes."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        names = tuple(column.name for column in cursor.description)
        return [_made(model, names, row) for row in cursor.fetchall()]


def select(sql: str, values: Sequence[Any] | dict[str, Any]) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


def execute(sql: str, values: Sequence[Any] | dict[str, Any]) -> int:
    """Returns how many rows it was done to."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.rowcount


def insert(row: Model) -> None:
    """Stores a new row; a key that the database gives is set on it."""
    model = type(row)
    sql, fields = _insert(model)
    values = [field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields]
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        row.pk = cursor.fetchone()[0]
    row._state.adding, row._state.db = False, router.db_for_write(model)


def update(model: type[Model], where: dict[str, Any], values: dict[str, Any]) -> int:
    """Sets those columns where those others have those values, all by attribute name; returns how many rows."""
    kept, asked = [_prepared(model, said) for said in (values, where)]
    sets, tests = (glue.join(f'"{name}" = %s' for name, _ in pairs) for glue, pairs in ((", ", kept), (" AND ", asked)))
    table = model._meta.db_table
    sql = f'UPDATE "{table}" SET {sets} WHERE {tests}'  # noqa: S608 (of our own names)
    return execute(sql, [value for _, value in (*kept, *asked)])


@cache
def fields_of(model: type[Model]) -> tuple[Field, ...]:
    return tuple(model._meta.concrete_fields)


@cache
def _insert(model: type[Model]) -> tuple[str, list[Field]]:
    fields = [field for field in fields_of(model) if not getattr(field, "db_returning", False)]
    names, marks = ", ".join(f'"{field.column}"' for field in fields), ", ".join(["%s"] * len(fields))
    table, key = model._meta.db_table, model._meta.pk
    return f'INSERT INTO "{table}" ({names}) VALUES ({marks}) RETURNING "{key.column}"', fields  # noqa: S608 (of our own names)


def _prepared(model: type[Model], said: dict[str, Any]) -> list[tuple[str | None, Any]]:
    pairs = ((_field(model, name), value) for name, value in said.items())
    return [(field.column, field.get_db_prep_save(value, connection)) for field, value in pairs]


@cache
def _field(model: type[Model], name: str) -> Field:
    return model._meta.pk if name == "pk" else model._meta.get_field(name)  # type: ignore[return-value]


def _made(model: type[Row], names: tuple[str, ...], row: tuple) -> Row:
    attributes, converters, more = _reading(model, names)
    values = [convert(value) if convert else value for convert, value in zip(converters, row, strict=False)]
    made = model.from_db(connection.alias, attributes, values)
    for name, value in zip(more, row[len(attributes) :], strict=True):
        setattr(made, name, value)
    return made


@cache
def _reading(model: type[Model], names: tuple[str, ...]) -> tuple[list[str], list[Convert | None], tuple[str, ...]]:
    """How such rows are read: attributes and converters of what is the model's, and the names of what else there is."""
    known = {field.column: field for field in fields_of(model)}
    ours = [known[name] for name in names if name in known]
    return [field.attname for field in ours], [_converter(field) for field in ours], names[len(ours) :]


def _converter(field: Field) -> Convert | None:
    """As the ORM converts a column's values (Field.get_db_converters)."""
    found = field.get_db_converters(connection)
    return (lambda value: found[0](value, None, connection)) if found else None
