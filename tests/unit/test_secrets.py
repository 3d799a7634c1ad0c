"""Secrets as others may spell them, and how they are masked."""

from __future__ import annotations

from base64 import b64encode

import pytest

from statuswatch.delivery.secrets import MAX_REASON, MIN_SECRET, mask, spellings


def test_an_address_and_its_parts() -> None:
    """The address, each part of it that may be a token, and what either is once quoted."""
    found = spellings(["https://hooks.example/services/T0PSECRET/a%2Fb%20token?key=v4lue-of-it"])
    assert {"T0PSECRET", "a%2Fb%20token", "a/b token", "v4lue-of-it", "services"} <= set(found)
    assert "https%3A%2F%2Fhooks.example%2Fservices%2FT0PSECRET%2Fa%252Fb%2520token%3Fkey%3Dv4lue-of-it" in found


def test_a_login_in_an_address() -> None:
    """User and password as an address spells them, as they are, and as HTTP's Basic sends them."""
    found = set(spellings(["https://someuser:p%40ss-w%2Ford@hooks.example/x"]))
    assert {"p%40ss-w%2Ford", "p@ss-w/ord", "someuser", b64encode(b"someuser:p@ss-w/ord").decode()} <= found


def test_each_of_several_addresses() -> None:
    """A variable of several addresses is as many secrets."""
    found = spellings(["json://one.example/first-token json://two.example/other-token"])
    assert {"first-token", "other-token"} <= set(found)


def test_short_parts_are_words() -> None:
    """A part that is too short to be a secret is not masked: it would remove ordinary words."""
    assert all(len(spelling) >= MIN_SECRET for spelling in spellings(["https://a.io/hook/api/x"]))
    assert spellings(["short"]) == ()


def test_the_longest_is_masked_first() -> None:
    """A secret that is a part of another leaves no rest of the longer one."""
    found = spellings(["abcdef", "abcdefghij"])
    assert found.index("abcdefghij") < found.index("abcdef")
    assert mask("got abcdefghij and abcdef", found) == "got *** and ***"


@pytest.mark.parametrize("offset", range(-12, 2))
def test_masked_before_it_is_cut(offset: int) -> None:
    """Wherever the cut falls, no half of a secret is left."""
    text = "x" * (MAX_REASON + offset) + "T0PSECRET"
    masked = mask(text, spellings(["T0PSECRET"]))
    assert "T0P" not in masked and len(masked) <= MAX_REASON


def test_one_line() -> None:
    """What a receiver says becomes one line without control characters."""
    assert mask("no\r\n\x1b[31msuch\thook", ()) == "no such hook"
