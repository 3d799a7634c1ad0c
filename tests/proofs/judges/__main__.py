"""Have judges that are not ours look at what is sent: `python -m tests.proofs.judges [JUDGE]... [--pagerduty FILE]`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from tests.proofs.judges.libraries import libraries
from tests.proofs.judges.mail import judge_notmuch, judge_postfix
from tests.proofs.judges.programs import judge_alertmanager, judge_cmark, judge_promtool
from tests.proofs.judges.verdict import BROKEN, MAX_FINDINGS, UnavailableError, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

Judge = Callable[[], Iterable[Verdict]]
PROGRAMS: Final[dict[str, Judge]] = {
    "Alertmanager": judge_alertmanager,
    "promtool": judge_promtool,
    "Postfix": judge_postfix,
    "notmuch": judge_notmuch,
    "cmark-gfm": judge_cmark,
}


def run(judges: Mapping[str, Judge]) -> int:
    """Print a row for each verdict, then what was wrong, and which judges cannot be had; return 1 for the former."""
    wrong, missing = [], []
    sys.stdout.write("| judge | judged | as it must be |\n|---|---|---|\n")
    for name, judge in judges.items():
        try:
            wrong += _problems(name, judge)
        except UnavailableError as error:
            missing.append(f"SKIPPED {name}: {error}")
    sys.stdout.writelines(f"\n{line}\n" for line in (*wrong, *missing))
    return 1 if wrong else 0


def _problems(name: str, judge: Judge) -> list[str]:
    """Print the rows of a judge. One that is shown nothing broken, or that accepts it, is wrong itself."""
    wrong, is_controlled = [], False
    for found in judge():
        sys.stdout.write(f"| {name} | {found.judged} | {found.valid} of {found.total} |\n")
        sys.stdout.flush()
        is_controlled |= found.judged == BROKEN and found.total > 0
        wrong += [f"{name}, {found.judged}: {finding}" for finding in found.findings[:MAX_FINDINGS]]
    return wrong if is_controlled else [*wrong, f"{name}: nothing broken was shown to it"]


def main() -> None:
    """Run the judges that are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="JUDGE", help="the beginning of a judge's name; default: all")
    parser.add_argument("--pagerduty", default="", metavar="FILE", help="PagerDuty's description of the Events API v2")
    chosen = parser.parse_args()
    names = tuple(word.lower() for word in chosen.names or [""])
    judges = {**libraries(chosen.pagerduty), **PROGRAMS}
    sys.exit(run({name: judge for name, judge in judges.items() if name.lower().startswith(names)}))


if __name__ == "__main__":
    main()
