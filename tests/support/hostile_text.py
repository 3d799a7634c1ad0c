"""What a vendor may write, and what is looked at in a message that was made of it."""

from collections.abc import Iterator
from typing import Any

from statuswatch.model.event import PendingDelivery
from tests.support.page_timeline import PageTimeline, incident, update
from tests.support.sending import NOW

MARKUP = (
    "@everyone @here <!channel> <@U123> <@&9> <#C1> <t:0:R> <:x:1> :fire: <https://evil.example|safe> "
    "[x](https://evil.example) https://evil.example www.evil.example *b* _i_ ~s~ `c` ||s|| # h > q "
    "\\*a\\* <at>Ann</at> {{{DATE(2026-01-01T00:00:00Z)}} &lt;b&gt;"
)
LONG = tuple(text * (100_000 // len(text)) for text in ("word ", "*", "&", '"', "\\", "語", "😀", "[x](y) ", MARKUP))


def notice(text: str, updates: int = 1) -> PendingDelivery:
    """A new incident of which the vendor's every word is this text."""
    life = PageTimeline()
    life.read(0)
    words = [update(number + 1, "investigating", f"{text} {number}") for number in range(updates)]
    (event,) = life.read(updates + 2, incident("x", *words, title=text, components=(text,)))
    return PendingDelivery(event, NOW)


def objects(it: Any) -> Iterator[dict[str, Any]]:
    """Every JSON object in it."""
    if isinstance(it, dict):
        yield it
        it = list(it.values())
    if isinstance(it, list):
        for part in it:
            yield from objects(part)
