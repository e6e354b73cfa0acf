"""Whether the code keeps the rules of the house that a program can see: `python -m tools.rules`.

Each rule looks at the syntax of the modules it applies to and says why it is there. What a rule lets through by name
has its reason beside the name. Directions of imports are kept by import-linter, style and types by ruff and mypy.
"""

import ast
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src" / "guildhall"

Finder = Callable[[ast.Module], Iterable[ast.AST]]


@dataclass(frozen=True)
class Rule:
    """One rule: what it forbids, why, and in which modules.

    `only` and `let_through` hold patterns of paths below the package; `let_through` with the reason for each.
    """

    name: str
    reason: str
    find: Finder
    only: str = "*"
    let_through: Mapping[str, str] = field(default_factory=dict)

    def applies_to(self, place: str) -> bool:
        """Tell whether a module has to keep the rule."""
        return fnmatch(place, self.only) and not any(fnmatch(place, pattern) for pattern in self.let_through)


@dataclass(frozen=True)
class Breach:
    """A place where a rule is broken."""

    place: str
    line: int
    rule: Rule

    def __str__(self) -> str:
        return f"{self.place}:{self.line}: {self.rule.name}: {self.rule.reason}"


ENDS = re.compile(r"\s*(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|START TRANSACTION)\b(?! INSERT| UPDATE| DELETE)")
SQL = re.compile(r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM|CREATE|DROP|ALTER|WHERE|FROM|VALUES|ORDER BY)\b")
"""Words of SQL are written in capitals here."""

TIMES_OF_DAY = frozenset({"time", "time_ns", "localtime", "gmtime", "ctime"})
ROUTE_MAKERS = frozenset({"HTTPRouteHandler", "Controller", "asgi", "delete", "get", "head", "patch", "post", "put"})


def dotted(node: ast.AST) -> str:
    """Return a name with its attributes, as it is written: `datetime.now`; what is neither is written as `?`."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "?"


def calls(tree: ast.Module) -> Iterator[tuple[ast.Call, str, str]]:
    """Yield every call with the dotted name of what is called, and the last part of that."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = dotted(node.func)
            yield node, name, name.rpartition(".")[2]


def texts(tree: ast.Module) -> Iterator[tuple[ast.Constant, str]]:
    """Yield every fixed text."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node, node.value


def imported(tree: ast.Module, module: str) -> Iterator[ast.alias]:
    """Yield every name imported from a module or from below it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and f"{node.module}.".startswith(f"{module}."):
            yield from node.names


def ends_of_transactions(tree: ast.Module) -> Iterator[ast.AST]:
    """Find calls that begin or end a transaction, and statements that do."""
    methods = {"begin", "begin_nested", "commit", "rollback"}
    yield from (call for call, name, last in calls(tree) if last in methods and name != last)
    yield from (node for node, text in texts(tree) if ENDS.match(text))


def reads(tree: ast.Module) -> Iterator[ast.AST]:
    """Find statements that read: `select(...)`, `table.select()`, and what joins them."""
    for call, name, last in calls(tree):
        if last == "select" or name in {"exists", "union", "union_all"}:
            yield call


def naive_times(tree: ast.Module) -> Iterator[ast.AST]:
    """Find times that do not know their offset."""
    for call, name, last in calls(tree):
        given = len(call.args) + len(call.keywords)
        wanted = {"fromtimestamp": 2, "now": 1 if name.endswith("datetime.now") else 0}
        if last in {"utcnow", "utcfromtimestamp", "today"} or given < wanted.get(last, 0):
            yield call


def looks_at_the_clock(tree: ast.Module) -> Iterator[ast.AST]:
    """Find what asks the machine for the time of day; measured durations are fine."""
    asked = {f"time.{name}" for name in TIMES_OF_DAY}
    for call, name, _ in calls(tree):
        if name in asked or name.endswith(("datetime.now", "datetime.utcnow", "datetime.today", "date.today")):
            yield call
    yield from (alias for alias in imported(tree, "time") if alias.name in TIMES_OF_DAY)


def looks_at_the_environment(tree: ast.Module) -> Iterator[ast.AST]:
    """Find what reads the environment."""
    names = {"environ", "environb", "getenv", "putenv"}
    asked = {f"os.{name}" for name in names}
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and dotted(node) in asked)
    yield from (alias for alias in imported(tree, "os") if alias.name in names)


def assembled_sql(tree: ast.Module) -> Iterator[ast.AST]:
    """Find statements put together from pieces of text: f"", +, %, `.format()`, and `text()` of anything not fixed."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr) and any(map(speaks_sql, node.values)):
            yield node
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod) and speaks_sql(node.left):
            yield node
    for call, name, last in calls(tree):
        pieces = isinstance(call.func, ast.Attribute) and last == "format" and speaks_sql(call.func.value)
        if pieces or (name == "text" and not all(isinstance(each, ast.Constant) for each in call.args)):
            yield call


def speaks_sql(node: ast.AST) -> bool:
    """Tell whether this is a text with words of SQL."""
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.search(node.value) is not None


def prints(tree: ast.Module) -> Iterator[ast.AST]:
    """Find what writes to the terminal past the log."""
    names = {"print", "pprint", "sys.stdout.write", "sys.stderr.write"}
    yield from (call for call, name, _ in calls(tree) if name in names)


def unnamed_routes(tree: ast.Module) -> Iterator[ast.AST]:
    """Find routes that do not name a permission and credentials, and ways around the decorator that asks for them."""
    for call, name, _ in calls(tree):
        said = {each.arg for each in call.keywords}
        if name == "Route" or (name == "route" and not said >= {"permission", "accepts"}):
            yield call
    yield from (alias for alias in imported(tree, "litestar") if alias.name in ROUTE_MAKERS)


RULES = (
    Rule(
        "no-commit",
        "the face opens the transaction and core.db commits it, so that the answer leaves after the commit",
        ends_of_transactions,
        let_through={"core/db/*": "where transactions are made", "migrations/*": "a migration is its own transaction"},
    ),
    Rule(
        "select-in-queries",
        "reads stand in a domain's queries.py or policy.py, where their indexes can be judged together",
        reads,
        let_through={
            "core/*": "tables of the core have no domain",
            "migrations/*": "a migration speaks to the tables of its time",
            "domains/*/queries.py": "here they stand",
            "domains/*/policy.py": "fetch and authorise in one step",
        },
    ),
    Rule("no-naive-time", "a time without an offset means another instant on every machine", naive_times),
    Rule(
        "time-from-clock",
        "the time of day comes from Clock, so that a test can hold it still; durations are measured by perf_counter",
        looks_at_the_clock,
        let_through={
            "core/clock.py": "the one clock",
            "core/ids.py": "a ULID sorts by the machine's time, and nothing else follows from it",
            "core/log.py": "a line tells when the machine wrote it",
            "core/blobs.py": "compared with times that the file system wrote",
            "adapters/smtp.py": "a letter tells when the machine sent it",
        },
    ),
    Rule(
        "no-environment",
        "settings reads the environment once and hands a frozen tree down, so that docs/settings.md tells all",
        looks_at_the_environment,
        let_through={"settings/reading.py": "reads it", "cli.py": "hands it to that"},
    ),
    Rule(
        "no-assembled-sql",
        "a statement is SQLAlchemy's or fixed text with parameters, so that no value can become SQL",
        assembled_sql,
        let_through={"core/db/*": "PRAGMA takes no parameters", "migrations/*": "only constants come together there"},
    ),
    Rule(
        "no-print",
        "what happens is logged with its request, and secrets are taken out there",
        prints,
        let_through={"cli.py": "the command line answers its operator"},
    ),
    Rule(
        "named-routes",
        "a route says aloud who may call it and with which credentials; without that there is none",
        unnamed_routes,
        let_through={"web/routing.py": "where routes are made"},
    ),
)


def breaches(source: Path) -> Iterator[Breach]:
    """Find every breach of every rule in the package at this folder."""
    for path in sorted(source.rglob("*.py")):
        place = path.relative_to(source).as_posix()
        tree = ast.parse(path.read_text(encoding="utf-8"), place)
        for rule in RULES:
            if rule.applies_to(place):
                yield from (Breach(place, getattr(node, "lineno", 0), rule) for node in rule.find(tree))


def main() -> int:
    """Print what is wrong, and return how the program ends."""
    found = list(breaches(SOURCE))
    for breach in found:
        print(f"src/guildhall/{breach}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
