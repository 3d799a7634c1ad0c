"""Every row of the contract has a test whose docstring cites it, and every citation names a row that exists."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
CONTRACT: Final = (ROOT / ".github" / "CONTRACT.md").read_text("utf-8")
# Their classes and helpers are the test: a docstring of any of these cites.
WHOLE: Final = ("proofs", "properties")

DOCUMENTED: Final = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
# A row is "2.9.2"; one of a table is "4, row 12b" or "8, code 10".
NUMBER: Final = r"\d+(?:\.\d+)+[a-z]?\b"
CELL: Final = r"\d+[a-z]?\b(?!\.\d)"
CELLS: Final = rf"\d+, (?:row|code)s? {CELL}(?:(?:, and |, | and ){CELL})*"
ANY: Final = rf"(?:{CELLS}|{NUMBER})"
CITATION: Final = re.compile(rf"\bcontract ({ANY}(?:(?:, and |, | and ){ANY})*)", re.IGNORECASE)
PARAGRAPH: Final = re.compile(rf"^({NUMBER}) ", re.MULTILINE)
TABLE_ROW: Final = re.compile(rf"^\| ({CELL}) \|", re.MULTILINE)
SECTION: Final = re.compile(r"^## (\d+)\. .*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)


def rows() -> list[str]:
    """The numbers of the contract: of its paragraphs, and of the rows of its tables."""
    found = []
    for section in SECTION.finditer(CONTRACT):
        found += PARAGRAPH.findall(section[0])
        found += [f"{section[1]}, row {cell}" for cell in TABLE_ROW.findall(section[0])]
    return found


def cited(text: str) -> Iterator[str]:
    """The rows that a text cites."""
    for citation in CITATION.finditer(" ".join(text.split())):
        for part in re.findall(ANY, citation[1]):
            section, _, cells = part.partition(", ")
            yield from (f"{section}, row {cell}" for cell in re.findall(CELL, cells)) if cells else (section,)


def docstrings(path: Path) -> Iterator[str]:
    """The docstrings of a file's tests; of a proof, those of the module, its classes and its functions."""
    content = path.read_text("utf-8")
    if not CITATION.search(" ".join(content.split())):
        return
    whole = path.relative_to(ROOT / "tests").parts[0] in WHOLE
    nodes: list[ast.AST] = [ast.parse(content)]
    for node in nodes:
        nodes += node.body if isinstance(node, ast.Module | ast.ClassDef) else ()
        if isinstance(node, DOCUMENTED) and (whole or getattr(node, "name", "").startswith("test_")):
            yield ast.get_docstring(node) or ""


def test_every_row_of_the_contract_has_a_test_that_cites_it() -> None:
    """CONTRIBUTING: a row without a test is a wish; a citation says which test shows the row."""
    shown = {row for path in (ROOT / "tests").rglob("*.py") for text in docstrings(path) for row in cited(text)}
    missing = [row for row in rows() if row not in shown]
    assert not missing, f"no docstring of a test cites contract {', '.join(missing)}"


def test_every_citation_names_a_row() -> None:
    """A row that is renumbered or removed takes its citations with it."""
    numbers = frozenset(rows())
    stale = [
        f"{path.relative_to(ROOT)}: contract {row}"
        for folder in ("tests", "statuswatch")
        for path in (ROOT / folder).rglob("*.py")
        for row in cited(path.read_text("utf-8"))
        if row not in numbers
    ]
    assert not stale, "\n".join(stale)


def test_every_number_stands_once_and_in_order() -> None:
    """A number means one row, and a reader finds it where it belongs."""
    numbers = [row for row in rows() if ", row" not in row]
    assert not [row for row, count in Counter(numbers).items() if count > 1]
    places = [[(int(digits), letter) for digits, letter in re.findall(r"(\d+)([a-z]?)", row)] for row in numbers]
    assert places == sorted(places)


def test_citations_are_read_as_they_are_written() -> None:
    """One row, several rows, and rows of a table are cited in one docstring; a section alone is none."""
    text = "Contract 3.3b: x (contract 2.5 and 4, rows 9, 9c and 12b, and 6.2). Contract 8,\n code 10; contract 7."
    assert list(cited(text)) == ["3.3b", "2.5", "4, row 9", "4, row 9c", "4, row 12b", "6.2", "8, row 10"]
