"""Messages as posts: what fits, and what is counted."""

import pytest

from statuswatch.errors import UsageError
from statuswatch.render.notification import cut
from statuswatch.sinks.posts import address, newest, packed
from tests.support.fake_receiver import SECRET


@pytest.mark.parametrize("url", [f"ftp://x.example/{SECRET}", SECRET, f"https:///{SECRET}", f"http://x:y/{SECRET}"])
def test_an_address_that_is_none(url: str) -> None:
    """Stops the run at its start, and is not repeated."""
    with pytest.raises(UsageError) as error:
        address(url, "$HOOK")
    assert SECRET not in str(error.value) and "$HOOK" in str(error.value)


def test_the_newest_messages_are_kept() -> None:
    """What does not fit is the oldest, and counted; of the newest there is at least the beginning."""
    told = [("a", "x" * 50), ("b", "y" * 50), ("c", "z" * 50)]
    assert newest(told, 1000, len) == ("", told)
    assert newest(told, 200, len) == ("(1 earlier message is left out)", told[1:])
    left_out, [(status, said)] = newest([*told, ("d", "w" * 5000)], 200, len)
    assert left_out == "(3 earlier messages are left out)" and status == "d"
    assert said.startswith("ww") and len(said) <= 120 and said.endswith("more characters)")


def test_nothing_is_left_out_of_a_digest() -> None:
    """Every item is in one part, in order, whatever its size."""
    parts = packed([3, 4, 9, 1, 1, 1, 1], 7, lambda it: it, 3)
    assert parts == [[3, 4], [9], [1, 1, 1], [1]]


def test_a_second_cut_counts_all() -> None:
    """The number of characters left out is of the whole text, however often it was cut."""
    once = cut("x" * 5000, 2000)
    twice = cut(once, 100, lambda it: 2 * len(it))
    for it in (once, twice):
        kept, left = it.count("x"), int(it.split("(and ")[1].split()[0])
        assert kept + left == 5000
    assert 2 * len(twice) <= 100 and len(once) == 2000
