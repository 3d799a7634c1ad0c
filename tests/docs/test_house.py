"""The house: imports go down, the pure floors stay pure, functions stay short, and names are words of the field."""

import ast
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final

import pytest
from radon.complexity import cc_visit

from tests.support.floors import FLOORS, FRONT_DOOR, INSIDE

ROOT: Final = Path(__file__).parents[2]
PACKAGE: Final = ROOT / "statuswatch"
MODULES: Final = sorted(PACKAGE.rglob("*.py"))
EVERYTHING: Final = [*MODULES, *sorted((ROOT / "tests").rglob("*.py"))]
FOLDERS: Final = sorted({path.parent for path in EVERYTHING})
ORDER: Final = [part for floor in FLOORS for part in floor.parts]
PURE: Final = {part for floor in FLOORS if floor.pure for part in floor.parts}
IMPURE_MODULES: Final = frozenset(
    ("httpx", "os", "pathlib", "time", "asyncio", "typer", "socket", "subprocess", "random", "tempfile", "sys")
)
MAX_COMPLEXITY: Final = 15
MAX_ABOVE_TEN: Final = 25
MAX_LINES: Final = 60
MAX_POSITIONAL: Final = 5
BOUNDARIES: Final = ("statuswatch/delivery/deliver.py", "statuswatch/reading/reader.py")
# Words that say nothing about what they are bound to, and bounds that are not named MAX_ or MIN_.
REFUSED_NAMES: Final = frozenset(
    """
    it its said told known was gone those these others same wanted asked given taken seen done here there them they
    thing things stuff one_thing whatever what whose that this
    """.split()  # noqa: SIM905
)
REFUSED_PREFIXES: Final = ("LONGEST_", "MOST_", "LARGEST_", "LEAST_", "SMALLEST_")


@lru_cache(maxsize=1)  # all of them together would be a million objects to search for garbage
def nodes(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(path.read_text("utf-8"))))


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def module_parts(path: Path) -> tuple[str, ...]:
    """The dotted path below the package; ("statuswatch",) for the package itself."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    parts = parts[:-1] if parts[-1] == "__init__" else parts
    return parts or ("statuswatch",)


def imports(path: Path) -> Iterator[str]:
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{name.name}" for name in node.names)


def imported_parts(name: str) -> tuple[str, ...]:
    """The module that `statuswatch.a.b.name` is imported from, below the package."""
    parts = name.split(".")[1:]
    while parts and not ((PACKAGE / Path(*parts)).is_dir() or (PACKAGE / Path(*parts)).with_suffix(".py").is_file()):
        parts = parts[:-1]
    return tuple(parts) or ("statuswatch",)


def imports_that_go_up(path: Path) -> Iterator[str]:
    """A module imports only what stands lower in the table of floors, also inside a floor and inside a package."""
    own_parts = module_parts(path)
    for name in imports(path):
        if not name.startswith("statuswatch") or (path == PACKAGE / "__init__.py" and name.startswith(FRONT_DOOR)):
            continue
        other = imported_parts(name)
        if other[0] != own_parts[0]:
            if ORDER.index(other[0]) < ORDER.index(own_parts[0]):
                yield f"{name} is not lower than {own_parts[0]}"
        elif own_parts[0] in INSIDE and len(own_parts) > 1 and len(other) > 1:
            inner = other[1] == own_parts[1]  # a package inside the package, which has an order of its own
            order, depth = (INSIDE[".".join(other[:2])], 2) if inner else (INSIDE[own_parts[0]], 1)
            if min(len(own_parts), len(other)) > depth and order.index(other[depth]) <= order.index(own_parts[depth]):
                yield f"{name} is not below {own_parts}"


def impure_parts(path: Path) -> Iterator[str]:
    """Nouns, rules, platforms and renderers touch no network, no file, no clock; `now` is an argument."""
    if module_parts(path)[0] in PURE:
        called = {ast.unparse(node.func) for node in nodes(path) if isinstance(node, ast.Call)}
        yield from {name.split(".")[0] for name in imports(path)} & IMPURE_MODULES
        yield from called & {"datetime.now", "datetime.utcnow", "open", "print"}


def other_importers_of_httpx(path: Path) -> Iterator[str]:
    """The HTTP client can be replaced in one place."""
    if name_of(path) != "statuswatch/net/http.py":
        yield from (name for name in imports(path) if name.split(".")[0] == "httpx")


def broad_handlers(path: Path) -> Iterator[str]:
    """`except Exception` stands twice, where a fault in one page, or in one sink, must not cost the others."""
    handlers = [
        f"line {node.lineno}: catches everything"
        for node in nodes(path)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in ("Exception", "BaseException"))
    ]
    yield from handlers[1:] if name_of(path) in BOUNDARIES else handlers


def long_functions(path: Path) -> Iterator[str]:
    """No function is longer than 60 lines, or has more than 5 positional arguments."""
    for node in nodes(path):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if (node.end_lineno or 0) - node.lineno + 1 > MAX_LINES:
                yield f"{node.name} is longer than {MAX_LINES} lines"
            positional = [arg.arg for arg in (*node.args.posonlyargs, *node.args.args) if arg.arg != "self"]
            if len(positional) > MAX_POSITIONAL:
                yield f"{node.name} has {len(positional)} positional arguments"


def imported_tests(path: Path) -> Iterator[str]:
    """What several tests need stands in tests/support."""
    for name in imports(path):
        if name.startswith("tests.") and any(part.startswith("test_") for part in name.split(".")):
            yield f"imports {name}"


def bound_names(path: Path) -> Iterator[tuple[str, int]]:
    """Every name that the file binds, and its line."""
    for node in nodes(path):
        match node:
            case ast.Name(id=name, ctx=ast.Store()):
                yield name, node.lineno
            case ast.arg(arg=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name, node.lineno
            case ast.ClassDef(name=name) | ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
                yield name, node.lineno
            case ast.alias(asname=str(name)):
                yield name, node.lineno


def refused_names(path: Path) -> Iterator[str]:
    """No name is a pronoun or a participle of nothing; bounds are MAX_ or MIN_."""
    for name, line in bound_names(path):
        if name.strip("_") in REFUSED_NAMES or name.startswith(REFUSED_PREFIXES):
            yield f"line {line}: {name}"


Rule = Callable[[Path], Iterator[str]]
OF_MODULES: Final[tuple[Rule, ...]] = (
    imports_that_go_up,
    impure_parts,
    other_importers_of_httpx,
    broad_handlers,
    long_functions,
)
OF_ALL: Final[tuple[Rule, ...]] = (imported_tests, refused_names)


def findings(path: Path) -> Iterator[str]:
    """What a file does not keep; it is parsed once for all rules."""
    for rule in (*OF_MODULES, *OF_ALL) if PACKAGE in path.parents else OF_ALL:
        yield from (f"{name_of(path)}: {rule.__name__}: {finding}" for finding in rule(path))


@pytest.mark.parametrize("folder", FOLDERS, ids=name_of)
def test_a_file_keeps_the_rules(folder: Path) -> None:
    """Imports go down, pure floors stay pure, functions are short, names are words of the field: see each rule above.

    One test holds all of them for the files of a folder.
    """
    found = [finding for path in EVERYTHING if path.parent == folder for finding in findings(path)]
    assert not found, "\n".join(found)


def test_functions_are_shallow() -> None:
    """No function of the package is more complex than 15 as radon counts, and at most 25 are above 10."""
    blocks = [
        (block.complexity, f"{name_of(path)}: {block.fullname} {block.complexity}")
        for path in MODULES
        for block in cc_visit(path.read_text("utf-8"))
        if block.letter != "C" and block.complexity > 10
    ]
    assert max(complexity for complexity, _ in blocks) <= MAX_COMPLEXITY, "\n".join(name for _, name in blocks)
    assert len(blocks) <= MAX_ABOVE_TEN, "\n".join(name for _, name in blocks)
