"""Statements: declared once at import, compiled to text once per engine, with converters for what is not native."""

import enum
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from inspect import Parameter, signature
from typing import Any, Generic, TypeVar

import msgspec
from sqlalchemy import Boolean, Insert, Table, insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.selectable import ReturnsRows
from sqlalchemy.types import TypeEngine

from guildhall.core.db.schema import Day, JsonDoc, UtcTime, encode_json, micros, moment

if typing.TYPE_CHECKING:
    from sqlalchemy.sql.compiler import SQLCompiler

Row = TypeVar("Row")
ReadRow_co = TypeVar("ReadRow_co", covariant=True)
Converter = Callable[[Any], Any]

DIALECTS: dict[str, Any] = {
    "sqlite": sqlite.dialect(paramstyle="qmark"),
    "postgresql": asyncpg.dialect(),  # type: ignore[no-untyped-call]  # likewise
}


class Command:
    """A statement that changes rows. Made by `command`."""

    def __init__(self, statement: Executable) -> None:
        self.statement = statement
        self._compiled: dict[str, Compiled] = {}

    def on(self, engine: str) -> "Compiled":
        """Return the statement's text and converters for an engine."""
        compiled = self._compiled.get(engine)
        if compiled is None:
            compiled = self._compiled[engine] = compile_statement(self.statement, engine)
        return compiled


class Query(Command, Generic[ReadRow_co]):
    """A statement that reads rows into frozen structs, or into the values of its one column. Made by `query`."""

    def __init__(self, row: type[ReadRow_co], statement: Executable) -> None:
        super().__init__(statement)
        self.row = row
        self._readers: dict[str, Callable[[Any], ReadRow_co]] = {}

    def reader(self, engine: str) -> Callable[[Any], ReadRow_co]:
        """Return the function that turns a row of an engine into the query's type."""
        reader = self._readers.get(engine)
        if reader is None:
            reader = self._readers[engine] = row_reader(self.row, typing.cast("ReturnsRows", self.statement), engine)
        return reader


def query(row: type[Row], statement: Executable) -> Query[Row]:
    """Declare a read: its columns are the struct's fields by name; a type that is no struct takes the first column."""
    return Query(row, statement)


def command(statement: Executable) -> Command:
    """Declare a change; values come by `bindparam` names that are not column names of the same update."""
    return Command(statement)


_TABLES: dict[type, Command] = {}
StructType = TypeVar("StructType", bound=type[msgspec.Struct])


def stored(table: Table) -> Callable[[StructType], StructType]:
    """Tie a frozen struct to the table that keeps it: fields are columns by name."""

    def tie(row: StructType) -> StructType:
        names = {each.name for each in msgspec.structs.fields(row)}
        _TABLES[row] = Command(insert(table).values({name: _bind(table, name) for name in names}))
        return row

    return tie


def insertion_of(row: type) -> Command:
    """Return the insert of a struct that `stored` has tied to a table."""
    return _TABLES[row]


def insert_if_new(table: Table) -> Command:
    """Declare an insert that does nothing when a unique row is already there; the database numbers what it numbers.

    Both engines understand the PostgreSQL form of the clause.
    """
    values = {each.name: _bind(table, each.name) for each in table.columns if each.autoincrement is not True}
    return Command(postgresql.insert(table).values(values).on_conflict_do_nothing())


def insert_or_replace(table: Table) -> Command:
    """Declare an insert of all columns that takes the place of the row with the same primary key, if there is one."""
    new = postgresql.insert(table)
    values = {column.name: _bind(table, column.name) for column in table.columns}
    replaced = {column.name: new.excluded[column.name] for column in table.columns if not column.primary_key}
    return Command(new.values(values).on_conflict_do_update(index_elements=list(table.primary_key), set_=replaced))


def _bind(table: Table, name: str) -> Any:  # noqa: ANN401 (a bind parameter of the column's own type)
    from sqlalchemy import bindparam  # noqa: PLC0415

    return bindparam(name, type_=table.c[name].type)


@dataclass(frozen=True)
class Compiled:
    """A statement's text for one engine, its parameters in order, and what must be converted on the way in."""

    text: str
    names: tuple[str, ...]
    constants: Mapping[str, Any]
    encoders: tuple[tuple[int, Converter], ...]

    def arguments(self, params: Mapping[str, Any]) -> list[Any]:
        """Return the parameters in the order of the text. Raises KeyError for one that is missing."""
        constants = self.constants
        values = [params[name] if name in params else constants[name] for name in self.names]
        for index, encode in self.encoders:
            if values[index] is not None:
                values[index] = encode(values[index])
        return values


def compile_statement(statement: Executable, engine: str) -> Compiled:
    """Compile a statement to the text and converters of an engine."""
    # A list given with the statement is written out into its text, as constants of their own.
    compiled = typing.cast(
        "SQLCompiler",
        statement.compile(dialect=DIALECTS[engine], compile_kwargs={"render_postcompile": True}),  # type: ignore[attr-defined]  # every executable compiles
    )
    names = tuple(compiled.positiontup or ())
    binds = compiled.binds
    constants = {name: compiled.params[name] for name in names if name not in binds or not binds[name].required}
    encoders = tuple(
        (index, encode)
        for index, name in enumerate(names)
        if name in binds and (encode := _encoder(binds[name].type)) is not None
    )
    if isinstance(statement, Insert):
        constants = {}
    return Compiled(str(compiled), names, constants, encoders)


def _encoder(kind: TypeEngine[Any]) -> Converter | None:
    if isinstance(kind, UtcTime):
        return micros
    if isinstance(kind, JsonDoc):
        return encode_json
    if isinstance(kind, Day):
        return date.isoformat
    return None


def row_reader(row: type[Row], statement: ReturnsRows, engine: str) -> Callable[[Any], Row]:
    """Return the function that builds the query's type from a row of the engine."""
    columns = {column.name: index for index, column in enumerate(statement.exported_columns)}
    kinds = [column.type for column in statement.exported_columns]
    if not issubclass(row, msgspec.Struct):
        decode = _decoder(kinds[0], row, engine)
        return partial(_first_column, decode)
    fields = msgspec.structs.fields(row)
    order = [columns[field.name] for field in fields]
    decoders = [
        (position, decode)
        for position, field in enumerate(fields)
        if (decode := _decoder(kinds[columns[field.name]], field.type, engine)) is not None
    ]
    by_name = any(each.kind is Parameter.KEYWORD_ONLY for each in signature(row).parameters.values())
    names = [field.name for field in fields] if by_name else None
    straight = order == list(range(len(columns)))
    return partial(_build, row, None if straight else order, decoders, names)


def _first_column(decode: Converter | None, values: Any) -> Any:  # noqa: ANN401
    value = values[0]
    return value if value is None or decode is None else decode(value)


def _build(
    row: type[Any],
    order: list[int] | None,
    decoders: list[tuple[int, Converter]],
    names: list[str] | None,
    values: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    built = list(values) if order is None else [values[index] for index in order]
    for position, decode in decoders:
        if built[position] is not None:
            built[position] = decode(built[position])
    return row(*built) if names is None else row(**dict(zip(names, built, strict=True)))


def _decoder(kind: TypeEngine[Any], target: Any, engine: str) -> Converter | None:  # noqa: ANN401
    if isinstance(kind, UtcTime):
        return moment
    if isinstance(kind, JsonDoc):
        return msgspec.json.Decoder(target).decode
    if isinstance(kind, Day):
        return date.fromisoformat
    if isinstance(kind, Boolean) and engine == "sqlite":
        return bool
    plain = _without_none(target)
    if isinstance(plain, type) and issubclass(plain, enum.Enum):
        return {member.value: member for member in plain}.__getitem__
    return None


def _without_none(target: Any) -> Any:  # noqa: ANN401
    options = [option for option in typing.get_args(target) if option is not type(None)]
    return (
        options[0]
        if len(options) == 1 and typing.get_origin(target) is not None and type(None) in typing.get_args(target)
        else target
    )
