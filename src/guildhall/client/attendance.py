"""`guildhall attendance verify`: judge receipts without asking anybody."""

from pathlib import Path
from typing import Annotated

import typer

from guildhall.client.conversation import failures_told
from guildhall.client.sheets import plain

attendance = typer.Typer(no_args_is_help=True, help="Signed attendance.")

ONLY_INTEGRITY = (
    "Only integrity was checked, not origin: whoever made a file chose the key in it. Give the key you trust by "
    "--public-key or --keys."
)


@attendance.callback()
def _attendance() -> None:
    """Signed attendance."""


@attendance.command()
def verify(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Receipts and period exports.")],
    public_key: Annotated[str | None, typer.Option(help="The public key you trust, in base64.")] = None,
    keys: Annotated[Path | None, typer.Option(help="A guild's keys, as /verify/keys/GUILD answered.")] = None,
    log_key: Annotated[
        str | None, typer.Option(help="The key of the transparency log: its name, id and key, joined by plus signs.")
    ] = None,
    proof: Annotated[list[Path] | None, typer.Option(help="A proof that a record is in the log; repeatable.")] = None,
) -> None:
    """Check signed sessions and periods offline.

    With --log-key or --proof each must also be shown to be in the transparency log. Ends with 0 when every file is
    valid, 1 when one is not, 2 when one cannot be read.
    """
    # The other commands of the program do not wait for the libraries of this one.
    from guildhall.client import receipt_files  # noqa: PLC0415 (imported only where it is wanted)

    with failures_told(as_json=False):
        pins = receipt_files.pins_of(public_key, keys, log_key)
        proofs = [receipt_files.read_proof(file) for file in proof or ()]
    judged = [(file, *receipt_files.judged_file(file, pins, proofs)) for file in files]
    for file, _, lines in judged:
        for line in lines:
            typer.echo(plain(f"{file}: {line}"))
    if not pins.any:
        typer.echo(ONLY_INTEGRITY, err=True)
    raise typer.Exit(max(outcome for _, outcome, _ in judged))
