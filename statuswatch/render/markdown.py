"""The report as GitHub Markdown, for a workflow's step summary. Bounded: GitHub drops a summary of more than 1 MiB
whole.
"""

import re
from typing import Final

from statuswatch.model.event import Event
from statuswatch.model.report import RunReport
from statuswatch.render import phrases
from statuswatch.render.summary import closing_line, counted

LARGEST: Final = 500_000  # bytes
_PUNCTUATION: Final = re.compile(r"([!-/:-@\[-`{-~])")
_ENTITIES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def summary(report: RunReport) -> str:
    """Headline, pages that failed, events."""
    kept = [f"### statuswatch\n\n{text(closing_line(report))}\n\n"]
    kept += [f"- ⚠️ {text(review.page.name)}: {text(str(review.failure))}\n" for review in report.failed]
    kept += [f"- ⚠️ {text(it.name)}: {text('; '.join(it.remarks))}\n" for it in report.sinks if it.remarks]
    size = sum(map(len, kept))
    for number, event in enumerate(report.events):
        kept.append(_event(event))
        size += len(kept[-1].encode())
        if size > LARGEST:
            left = len(report.events) - number
            kept[-1] = f"\n… and {counted(left, 'more event')}; the log of the step has all of them.\n"
            break
    return "".join(kept)


def text(plain: str) -> str:
    """Plain text that means nothing in Markdown: no markup, no HTML, no link, no mention, no reference to an issue.

    Every ASCII punctuation mark may be escaped. GitHub looks for mentions, references and addresses after that, hence
    the word joiners.
    """
    escaped = _PUNCTUATION.sub(
        lambda mark: _ENTITIES.get(mark[1], "\\" + mark[1]), phrases.runner_safe(" ".join(plain.split()))
    )
    joined = re.sub(r"\\[@#:]", "\\g<0>\u2060", escaped)
    return re.sub(r"(?i)(?<![a-z0-9])(www|gh)(?=\\[.-])", "\\1\u2060", joined)


def _event(event: Event) -> str:
    sign, label = phrases.label(event)
    title, *facts, url = phrases.facts(event)
    lines = [
        f"- {sign} **{label}** {phrases.clock(event.at)} · {text(phrases.product(event))}<br>",
        f"  [{text(title) or 'open'}](<{address(url)}>)" + "".join(f" · {text(fact)}" for fact in facts),
    ]
    lines += [
        f"  - {text(status)}" + (f" — {text(message)}" if message else "")
        for status, message in phrases.statuses(event)
    ]
    if remark := phrases.remark(event):
        lines.append(f"  - {text(remark)}")
    return "\n".join(lines) + "\n"


def address(url: str) -> str:
    """What may stand between `<` and `>` as the target of a link."""
    return re.sub(r"[<>\s\\]", lambda mark: f"%{ord(mark[0]):02X}", url)
