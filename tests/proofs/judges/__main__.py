"""Have judges that are not ours look at what is sent: `python -m tests.proofs.judges [JUDGE]... [--pagerduty FILE]`."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Final

from tests.proofs.judges.libraries import LIBRARIES, judge_github, pagerduty_judge
from tests.proofs.judges.programs import judge_alertmanager, judge_cmark, judge_notmuch, judge_promtool
from tests.proofs.judges.verdict import MAX_FINDINGS, UnavailableError, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

PROGRAMS: Final[dict[str, Callable[[], Verdict | Iterable[Verdict]]]] = {
    "GitHub's OpenAPI": judge_github,
    "Alertmanager": judge_alertmanager,
    "promtool": judge_promtool,
    "notmuch": judge_notmuch,
    "cmark-gfm": judge_cmark,
}


def judges(pagerduty: str) -> dict[str, Callable[[], Verdict | Iterable[Verdict]]]:
    """Return every judge, by its name."""
    return {**LIBRARIES, "PagerDuty's OpenAPI": pagerduty_judge(pagerduty), **PROGRAMS}


def row(name: str, found: Verdict) -> str:
    """Return a row of the table."""
    return f"| {name} | {found.judged} | {found.valid} of {found.total} |\n"


def main() -> None:
    """Print a row for each verdict, then what was wrong, and which judges cannot be had; exit 1 for the former."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="JUDGE", help="the beginning of a judge's name; default: all")
    parser.add_argument("--pagerduty", default="", metavar="FILE", help="PagerDuty's description of the Events API v2")
    chosen = parser.parse_args()
    wrong, missing = [], []
    sys.stdout.write("| judge | judged | valid |\n|---|---|---|\n")
    for name, judge in judges(chosen.pagerduty).items():
        if chosen.names and not name.lower().startswith(tuple(word.lower() for word in chosen.names)):
            continue
        try:
            result = judge()
            for found in [result] if isinstance(result, Verdict) else result:
                sys.stdout.write(row(name, found))
                sys.stdout.flush()
                wrong += [f"{name}, {found.judged}: {finding}" for finding in found.findings[:MAX_FINDINGS]]
        except UnavailableError as error:
            missing.append(f"SKIPPED {name}: {error}")
    sys.stdout.writelines(f"\n{line}\n" for line in (*wrong, *missing))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
