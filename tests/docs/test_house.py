"""The house: imports go down, the pure floors stay pure, functions stay short, and names are words of the field."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from radon.complexity import cc_visit

from tests.support.floors import FLOORS, INSIDE

ROOT: Final = Path(__file__).parents[2]
PACKAGE: Final = ROOT / "statuswatch"
MODULES: Final = sorted(PACKAGE.rglob("*.py"))
EVERYTHING: Final = [*MODULES, *sorted((ROOT / "tests").rglob("*.py"))]
ORDER: Final = [part for floor in FLOORS for part in floor.parts]
PURE: Final = {part for floor in FLOORS if floor.pure for part in floor.parts}
IMPURE_MODULES: Final = frozenset(
    ("httpx", "os", "pathlib", "time", "asyncio", "typer", "socket", "subprocess", "random", "tempfile", "sys")
)
MAX_COMPLEXITY: Final = 15
MAX_ABOVE_TEN: Final = 25
MAX_LINES: Final = 60
MAX_POSITIONAL: Final = 5
# Words that say nothing about what they are bound to, and bounds that are not named MAX_ or MIN_.
REFUSED_NAMES: Final = frozenset(
    """
    it its said told known was gone those these others same wanted asked given taken seen done here there them they
    thing things stuff one_thing whatever what whose that this
    """.split()  # noqa: SIM905
)
REFUSED_PREFIXES: Final = ("LONGEST_", "MOST_", "LARGEST_", "LEAST_", "SMALLEST_")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def module_parts(path: Path) -> tuple[str, ...]:
    """The dotted path below the package; ("statuswatch",) for the package itself."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    parts = parts[:-1] if parts[-1] == "__init__" else parts
    return parts or ("statuswatch",)


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
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


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_go_down(path: Path) -> None:
    """A module imports only what stands lower in the table of floors, also inside a floor and inside a package."""
    here_parts = module_parts(path)
    for name in imports(path):
        if not name.startswith("statuswatch"):
            continue
        other = imported_parts(name)
        if other[0] != here_parts[0]:
            assert ORDER.index(other[0]) > ORDER.index(here_parts[0]), f"{name} is not lower than {here_parts[0]}"
        elif here_parts[0] in INSIDE and len(here_parts) > 1 and len(other) > 1:
            inner = other[1] == here_parts[1]  # a package inside the package, which has an order of its own
            order, depth = (INSIDE[".".join(other[:2])], 2) if inner else (INSIDE[here_parts[0]], 1)
            if min(len(here_parts), len(other)) > depth:
                assert order.index(other[depth]) > order.index(here_parts[depth]), f"{name} is not below {here_parts}"


@pytest.mark.parametrize("path", [path for path in MODULES if module_parts(path)[0] in PURE], ids=name_of)
def test_the_pure_floors_are_pure(path: Path) -> None:
    """Nouns, rules, platforms and renderers touch no network, no file, no clock; `now` is an argument."""
    assert not {name.split(".")[0] for name in imports(path)} & IMPURE_MODULES
    called = {ast.unparse(node.func) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)}
    assert not called & {"datetime.now", "datetime.utcnow", "open", "print"}


def test_no_test_imports_a_test() -> None:
    """What several tests need stands in tests/support."""
    tests = [path for path in EVERYTHING if PACKAGE not in path.parents]
    borrowed = [
        f"{name_of(path)}: {name}"
        for path in tests
        for name in imports(path)
        if name.startswith("tests.") and any(part.startswith("test_") for part in name.split("."))
    ]
    assert borrowed == []


def test_one_module_imports_httpx() -> None:
    """The HTTP client can be replaced in one place."""
    importers = [name_of(path) for path in MODULES if any(name.split(".")[0] == "httpx" for name in imports(path))]
    assert importers == ["statuswatch/net/http.py"]


def test_two_boundaries_catch_everything() -> None:
    """`except Exception` stands twice, where a fault in one page, or in one sink, must not cost the others."""
    handlers = [
        name_of(path)
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in ("Exception", "BaseException"))
    ]
    assert sorted(handlers) == ["statuswatch/delivery/deliver.py", "statuswatch/reading/reader.py"]


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_functions_are_short_and_shallow(path: Path) -> None:
    """No function is more complex than 15 as radon counts, longer than 60 lines, or has more than 5 positional
    arguments.
    """
    for block in cc_visit(path.read_text()):
        if block.letter != "C":
            assert block.complexity <= MAX_COMPLEXITY, f"{block.fullname}: complexity {block.complexity}"
    for function in functions(path):
        lines = (function.end_lineno or 0) - function.lineno + 1
        assert lines <= MAX_LINES, f"{function.name}: {lines} lines"
        positional = [arg.arg for arg in (*function.args.posonlyargs, *function.args.args) if arg.arg != "self"]
        assert len(positional) <= MAX_POSITIONAL, f"{function.name}: {len(positional)} positional arguments"


def test_few_functions_are_above_ten() -> None:
    """At most 25 functions of the package are more complex than 10 as radon counts."""
    complex_ones = [
        f"{name_of(path)}: {block.fullname} {block.complexity}"
        for path in MODULES
        for block in cc_visit(path.read_text())
        if block.letter != "C" and block.complexity > 10
    ]
    assert len(complex_ones) <= MAX_ABOVE_TEN, "\n".join(complex_ones)


def bound_names(path: Path) -> Iterator[tuple[str, int]]:
    """Every name that the file binds, and its line."""
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Name(id=name, ctx=ast.Store()):
                yield name, node.lineno
            case ast.arg(arg=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name, node.lineno
            case ast.ClassDef(name=name) | ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
                yield name, node.lineno
            case ast.alias(asname=str(name)):
                yield name, node.lineno


@pytest.mark.parametrize("path", EVERYTHING, ids=name_of)
def test_names_are_words_of_the_field(path: Path) -> None:
    """No name is a pronoun or a participle of nothing; bounds are MAX_ or MIN_."""
    refused = [
        f"line {line}: {name}"
        for name, line in bound_names(path)
        if name.strip("_") in REFUSED_NAMES or name.startswith(REFUSED_PREFIXES)
    ]
    assert not refused, "\n".join(refused)
