"""An event as the parts of a notification: each sink sets them in its own language.

Vendor text in it mentions nobody and is no link, wherever plain text is shown as such.
"""

import re
from bisect import bisect_right
from collections.abc import Callable
from typing import Final

import msgspec

from statuswatch.model.event import Notification, PendingDelivery
from statuswatch.render import phrases
from statuswatch.render.phrases import Label, counted

COLOURS: Final = {
    Label.NEW: 0xD32F2F,
    Label.UPDATED: 0xF9A825,
    Label.RESOLVED: 0x2E7D32,
    Label.ENDED: 0x757575,
    Label.MAINTENANCE: 0x1976D2,
}
TEST: Final = "TEST · "
JOINER: Final = "\u2060"  # shows nothing, and stands between what must not be read together; never in vendor text

_CUT: Final = re.compile(r"… \(and (\d{1,9}) more characters\)\Z")


class NotificationText(msgspec.Struct, frozen=True):
    """One event in words. `url` is the vendor's page of the incident; `label` the word for what happened.

    `kind` decides the sign and the colour. `statuses` are (status, message) of the updates not reported before,
    oldest first; `times` are those of publication and detection, in UTC. `notice` is about the notification: events
    before it were dropped.
    """

    kind: Label
    label: str
    product: str
    title: str
    url: str
    facts: tuple[str, ...]
    statuses: tuple[tuple[str, str], ...]
    remark: str
    times: str
    notice: str = ""

    @property
    def sign(self) -> str:
        """An emoji: maintenance is never red."""
        return phrases.SIGNS[self.kind]

    @property
    def headline(self) -> str:
        """Sign, word and product, after the notice."""
        return f"{self.before_headline}{self.sign} {self.label} · {self.product}"

    @property
    def before_headline(self) -> str:
        """The notice, as the beginning of a line."""
        return f"{self.notice} · " if self.notice else ""

    @property
    def colour(self) -> int:
        """RGB."""
        return COLOURS[self.kind]

    def lines(self) -> list[str]:
        """Return everything but the headline and the address, as plain lines."""
        updates = [f"{status} — {message}" if message else status for status, message in self.statuses]
        lines = [self.title, " · ".join(self.facts), *updates, self.remark, self.times]
        return [line for line in lines if line]


def notification_text(delivery: PendingDelivery, *, test: bool = False, dropped: int = 0) -> NotificationText:
    """Return one event in words; `dropped` events before it never reached the receiver."""
    event = delivery.event
    word = phrases.word(event)
    title, *facts, url = phrases.facts(event)
    return NotificationText(
        kind=phrases.label(event),
        label=f"{TEST}{word}" if test else word,
        product=chat_safe(phrases.product(event)),
        title=chat_safe(title),
        url=url,
        facts=tuple(chat_safe(fact) for fact in facts if fact),
        statuses=tuple((chat_safe(status), chat_safe(message)) for status, message in phrases.statuses(event)),
        remark=chat_safe(phrases.remark(event)),
        times=_times(delivery),
        notice=dropped_notice(dropped),
    )


def notification_texts(notification: Notification) -> list[NotificationText]:
    """Return each event of a notification in words; the notice of a digest is in its headline."""
    single = len(notification.deliveries) == 1
    dropped = notification.dropped if single else 0
    return [
        notification_text(delivery, test=notification.test, dropped=dropped) for delivery in notification.deliveries
    ]


def dropped_notice(dropped: int) -> str:
    """Return that events were dropped; "" where none was."""
    return f"{counted(dropped, 'event')} {'was' if dropped == 1 else 'were'} dropped" if dropped else ""


def digest_headline(notification: Notification) -> str:
    """Return the first line of a digest: how many events of each look."""
    labels = [phrases.label(delivery.event) for delivery in notification.deliveries]
    counts = " ".join(f"{sign} {labels.count(label)}" for label, sign in phrases.SIGNS.items() if label in labels)
    notice = dropped_notice(notification.dropped)
    return f"{notice}{' · ' if notice else ''}{len(labels)} events at once: {counts}"


def digest_line(text: NotificationText) -> str:
    """Return one incident of a digest as a line."""
    status, message = text.statuses[-1] if text.statuses else ("", "")
    dash = f" — {cut(message, 140)}" if message else ""
    return f"{cut(text.headline, 300)}: {cut(text.title, 140)} · {cut(status, 100)}{dash} · {text.times}"


def cut(plain: str, max_size: int, size: Callable[[str], int] = len) -> str:
    """Return the text, or its beginning with the number of characters that are left out.

    Those of an earlier cut are included. `size` is how the receiver measures text.
    """
    if size(plain) <= max_size:
        return plain
    cut_before = _CUT.search(plain)
    whole, left_out = (plain[: cut_before.start()], int(cut_before[1])) if cut_before else (plain, 0)

    def beginning(length: int) -> str:
        more = left_out + len(whole[length:].replace(JOINER, ""))
        return f"{whole[:length]}… (and {more} more characters)"

    too_long = bisect_right(range(len(whole)), max_size, key=lambda length: size(beginning(length)))
    return beginning(max(0, too_long - 1))


def chat_safe(plain: str) -> str:
    """Return text in which no chat or mail program finds a person to mention or an address to link.

    Word joiners, which show nothing, stand in `@`, `://` and `www.`.
    """
    joined = re.sub(r"@(?=\S)", "@\u2060", phrases.runner_safe(plain)).replace("://", ":\u2060//")
    return re.sub(r"(?i)(?<![a-z0-9])www\.", "www\u2060.", joined)


def _times(delivery: PendingDelivery) -> str:
    event = delivery.event
    delay = delivery.detected_at - event.at
    later = f", {phrases.length(delay)} later" if delay.total_seconds() >= 60 else ""
    return f"published {phrases.clock(event.at)}, detected {phrases.clock(delivery.detected_at)}{later}"
