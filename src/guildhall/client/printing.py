"""Sheets on a terminal, or in a pipe."""

import sys
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext

from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from guildhall.client.sheets import Sheet, plain

IN_A_PIPE = 10_000
"""A program that reads the output wants each row on a line of its own, however long."""


def print_sheets(sheets: Iterable[Sheet]) -> None:
    """Print sheets one below the other; without colours where there is no terminal, or NO_COLOR is set."""
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = IN_A_PIPE
    for number, sheet in enumerate(sheets):
        if number:
            console.print()
        _print(console, sheet)


def waiting(what: str) -> AbstractContextManager[object]:
    """Return a context in which a spinner says what is waited for, where somebody watches."""
    if not sys.stderr.isatty():
        return nullcontext()
    return Console(stderr=True).status(what)


def _print(console: Console, sheet: Sheet) -> None:
    if sheet.title:
        console.print(plain(sheet.title), style="bold")
    if not sheet.rows:
        console.print(sheet.empty)
        return
    table = _table(sheet)
    if Measurement.get(console, console.options.update(max_width=IN_A_PIPE), table).minimum > console.width:
        _print_blocks(console, sheet)
    else:
        console.print(table)


def _table(sheet: Sheet) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    for heading in sheet.headings:
        table.add_column(heading, overflow="fold", no_wrap=heading != sheet.prose)
    for row in sheet.rows:
        table.add_row(*map(plain, row))
    return table


def _print_blocks(console: Console, sheet: Sheet) -> None:
    """Print each row as a paragraph, a line for each cell that says something."""
    for number, row in enumerate(sheet.rows):
        if number:
            console.print()
        for heading, cell in zip(sheet.headings, row, strict=True):
            if cell:
                console.print(f"{heading}: {plain(cell)}", overflow="fold")
