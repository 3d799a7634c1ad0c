"""An event as the parts of a message to a person: each sink sets them in its own language.

Vendor text in it mentions nobody and is no link, wherever plain text is shown as such.
"""

import re
from bisect import bisect_right
from collections.abc import Callable
from typing import Final

import msgspec

from statuswatch.model.event import Notification, PendingDelivery
from statuswatch.render import phrases

COLOURS: Final = {"🔴": 0xD32F2F, "🟡": 0xF9A825, "🟢": 0x2E7D32, "⚪": 0x757575}
TEST: Final = "TEST · "
JOINER: Final = "\u2060"  # shows nothing, and stands between what must not be read together; never in vendor text

_CUT: Final = re.compile(r"… \(and (\d{1,9}) more characters\)\Z")


class NotificationText(msgspec.Struct, frozen=True):
    """`url` is the vendor's page of the incident; `statuses` are (status, message) of what is new, oldest first;
    `times` says when the vendor published and when it was detected, in UTC.
    """

    sign: str
    label: str
    product: str
    title: str
    url: str
    facts: tuple[str, ...]
    statuses: tuple[tuple[str, str], ...]
    remark: str
    times: str

    @property
    def headline(self) -> str:
        return f"{self.sign} {self.label} · {self.product}"

    @property
    def colour(self) -> int:
        """RGB."""
        return COLOURS[self.sign]

    def lines(self) -> list[str]:
        """All but the headline and the address, as plain lines."""
        told = [f"{status} — {said}" if said else status for status, said in self.statuses]
        return [it for it in (self.title, " · ".join(self.facts), *told, self.remark, self.times) if it]


def notification_text(notice: PendingDelivery, *, test: bool = False) -> NotificationText:
    """Of one event."""
    event = notice.event
    sign, label = phrases.label(event)
    title, *facts, url = phrases.facts(event)
    return NotificationText(
        sign=sign,
        label=f"{TEST}{label}" if test else label,
        product=chat_safe(phrases.product(event)),
        title=chat_safe(title),
        url=url,
        facts=tuple(chat_safe(fact) for fact in facts if fact),
        statuses=tuple((chat_safe(status), chat_safe(said)) for status, said in phrases.statuses(event)),
        remark=phrases.remark(event),
        times=_times(notice),
    )


def notification_texts(message: Notification) -> list[NotificationText]:
    return [notification_text(notice, test=message.test) for notice in message.deliveries]


def digest_headline(message: Notification) -> str:
    """The first line of a digest: how many of what."""
    signs = [phrases.label(notice.event)[0] for notice in message.deliveries]
    counts = " ".join(f"{sign} {signs.count(sign)}" for sign in COLOURS if sign in signs)
    return f"{len(signs)} events at once: {counts}"


def digest_line(it: NotificationText) -> str:
    """One incident of a digest."""
    newest = it.statuses[-1] if it.statuses else ("", "")
    said = f" — {cut(newest[1], 140)}" if newest[1] else ""
    return f"{cut(it.headline, 300)}: {cut(it.title, 140)} · {cut(newest[0], 100)}{said} · {it.times}"


def cut(plain: str, longest: int, size: Callable[[str], int] = len) -> str:
    """With the number of characters that are left out, those of an earlier cut included. `size` is how the receiver
    measures text.
    """
    if size(plain) <= longest:
        return plain
    cut_before = _CUT.search(plain)
    whole, left_out = (plain[: cut_before.start()], int(cut_before[1])) if cut_before else (plain, 0)

    def beginning(length: int) -> str:
        return f"{whole[:length]}… (and {left_out + len(whole[length:].replace(JOINER, ''))} more characters)"

    return beginning(max(0, bisect_right(range(len(whole)), longest, key=lambda it: size(beginning(it))) - 1))


def chat_safe(plain: str) -> str:
    """Text in which no chat or mail program finds somebody to call or an address to link: word joiners, which show
    nothing, stand in `@`, `://` and `www.`.
    """
    joined = re.sub(r"@(?=\S)", "@\u2060", phrases.runner_safe(plain)).replace("://", ":\u2060//")
    return re.sub(r"(?i)(?<![a-z0-9])www\.", "www\u2060.", joined)


def _times(notice: PendingDelivery) -> str:
    event = notice.event
    delay = notice.detected_at - event.at
    later = f", {phrases.length(delay)} later" if delay.total_seconds() >= 60 else ""
    return f"published {phrases.clock(event.at)}, detected {phrases.clock(notice.detected_at)}{later}"
