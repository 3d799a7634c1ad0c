"""Cut the notes of a release from the changelog: `python .ci/notes.py VERSION [--tag TAG]`.

A version that is not released yet has those under "Unreleased". With `--tag` only a heading of its own counts, and the
tag must be the version's.
"""

import re
import sys
from pathlib import Path

CHANGELOG = Path(__file__).parents[1] / ".github" / "CHANGELOG.md"
HEADING = re.compile(r"^## \[(?P<name>[^\]]+)\][^\n]*\n", re.M)


def sections(changelog: str) -> dict[str, str]:
    """Return what stands under each version of the changelog."""
    headings = list(HEADING.finditer(changelog))
    ends = [heading.start() for heading in headings[1:]] + [len(changelog)]
    return {
        heading["name"]: changelog[heading.end() : end].strip() for heading, end in zip(headings, ends, strict=True)
    }


def notes(changelog: str, version: str, tag: str = "") -> str:
    """Return the notes of a version. Raises ValueError where there are none, or the tag is another version's."""
    if tag and tag != f"v{version}":
        raise ValueError(f"the tag is {tag}, and the version of the package is {version}: set one of them right")
    known = sections(changelog)
    text = known.get(version) or ("" if tag else known.get("Unreleased", ""))
    if not text:
        raise ValueError(f"CHANGELOG.md has no notes for {version}: give it a heading '## [{version}] - DATE'")
    # Links of the changelog are relative to its folder; a release stands elsewhere.
    return re.sub(r"\]\((?!https?:)([^)]+)\)", rf"](../../blob/v{version}/.github/\1)", text)


def main() -> int:
    """Print the notes; return the exit code."""
    version, *rest = sys.argv[1:]
    try:
        sys.stdout.write(notes(CHANGELOG.read_text(encoding="utf-8"), version, rest[1] if rest else "") + "\n")
    except ValueError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
