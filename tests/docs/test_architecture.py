"""The house: imports only go down, and the pure floors stay pure."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "statuswatch"

# The lowest floor first; a module may import from its own floor and those below.
FLOORS = (
    {"model", "errors", "text", "registry", "shard", "statuswatch"},
    {"review", "diff", "standing", "platforms", "render"},
    {"config", "catalog", "transport", "fetch", "state", "actions", "sinks"},
    {"page", "notify"},
    {"run"},
    {"survey"},
    {"cli", "demo", "__main__"},
)
IMPURE = {"httpx", "os", "pathlib", "time", "asyncio", "typer", "socket", "subprocess", "random", "tempfile", "sys"}
MODULES = sorted(PACKAGE.rglob("*.py"))


def floor(module: str) -> int:
    return next(number for number, names in enumerate(FLOORS) if module in names)


def place(path: Path) -> str:
    """The part of the package that a file belongs to."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return "statuswatch" if parts == ("__init__",) else parts[0]


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{name.name}" for name in node.names)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_down(path: Path) -> None:
    """A module imports from its own floor and those below, never from above."""
    for name in imports(path):
        if name.startswith("statuswatch."):
            other = name.split(".")[1]
            other = other if any(other in names for names in FLOORS) else "statuswatch"
            assert floor(other) <= floor(place(path)), f"{place(path)} imports {name}"


@pytest.mark.parametrize(
    "path", [path for path in MODULES if floor(place(path)) <= 1], ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_the_pure_floors_are_pure(path: Path) -> None:
    """Nouns, rules, platforms and renderers touch no network, no file, no clock; `now` is an argument."""
    assert not {name.split(".")[0] for name in imports(path)} & IMPURE
    called = {ast.unparse(node.func) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)}
    assert not called & {"datetime.now", "datetime.utcnow", "open", "print"}


def test_two_boundaries_catch_everything() -> None:
    """`except Exception` stands twice, where a fault in one page, or in one sink, must not cost the others."""
    found = [
        path.name
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in ("Exception", "BaseException"))
    ]
    assert sorted(found) == ["notify.py", "run.py"]
