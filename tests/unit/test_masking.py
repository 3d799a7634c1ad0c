"""Secrets in every form in which somebody may repeat them."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest

from statuswatch.masking import MASK, MIN_PIECE, login_spellings, mask_secrets, spellings

SAMPLE = "s0me-T/ken+öf~28?chars-in-all"
SPELLED = spellings([SAMPLE])


def encodings(secret: bytes) -> dict[str, str]:
    """Return a text in base64, by the alphabet, the padding and what stands before it."""
    found = {}
    for before in (b"", b"a", b"ab", b"abc"):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            encoded = encode(before + secret + b"z").decode()
            found[f"{encode.__name__} {before!r}"] = encoded
            found[f"{encode.__name__} {before!r} unpadded"] = encode(before + secret).decode().rstrip("=")
    return found


def longest_common(one: str, other: str) -> int:
    """Return the length of the longest text that both have, in lower case."""
    one, other = one.lower(), other.lower()
    lengths = range(len(one), 0, -1)
    return next((n for n in lengths if any(one[i : i + n] in other for i in range(len(one) - n + 1))), 0)


@pytest.mark.parametrize("form", encodings(SAMPLE.encode()).values(), ids=encodings(SAMPLE.encode()))
def test_base64(form: str) -> None:
    """Contract 7.11: a secret in base64 is masked: both alphabets, with padding or without, wherever it begins."""
    masked = mask_secrets(f"Authorization: Basic {form}.", SPELLED)
    assert MASK in masked and longest_common(masked, form) < MIN_PIECE


@pytest.mark.parametrize(
    "form",
    [
        SAMPLE,
        SAMPLE.upper(),
        SAMPLE.swapcase(),
        quote(SAMPLE),
        quote(SAMPLE, safe=""),
        quote(SAMPLE).lower(),
        "".join(f"%{byte:02X}" for byte in SAMPLE.encode()),
    ],
)
def test_other_forms(form: str) -> None:
    """Contract 7.11: so is one in another case, or percent-encoded as little or as much as may be."""
    assert mask_secrets(f"x {form} y", SPELLED) == f"x {MASK} y"


PLAIN = "s0me-Token+of~28.chars"


@pytest.mark.parametrize("length", range(1, len(PLAIN) + 1))
def test_pieces(length: int) -> None:
    """Contract 7.11: pieces of at least eight characters are masked, wherever they begin; shorter ones may be words."""
    for start in range(len(PLAIN) - length + 1):
        piece = PLAIN[start : start + length]
        assert mask_secrets(f"|{piece}|", spellings([PLAIN])) == (f"|{MASK}|" if length >= MIN_PIECE else f"|{piece}|")


def test_words_stay() -> None:
    """Contract 7.11: what has nothing of a secret stays as it is, also where the secret is an address."""
    words = "see https://docs.example/services for İstanbul, 100 %"
    assert mask_secrets(words, spellings(["https://hooks.acme.example/T0PSECRET/b0tt0m"])) == words


def test_a_secret_that_repeats_itself() -> None:
    """7: no rest is left of a text in which a secret overlaps itself, and no time is lost on it."""
    assert mask_secrets("a" * 100_000, spellings(["a" * 40])) == MASK


def test_the_login_of_a_proxy() -> None:
    """7: of a proxy's address the password is secret, and the login as HTTP sends it; not the host, nor the user."""
    spelled = tuple(login_spellings("http://someuser:p%40ss-w%2Ford@proxy.acme.example:3128"))
    encoded = base64.b64encode(b"someuser:p@ss-w/ord").decode()
    masked = mask_secrets(f"{encoded} p%40ss-w%2ford P@SS-W/ORD someuser@proxy.acme.example", spelled)
    assert masked == f"{MASK} {MASK} {MASK} someuser@proxy.acme.example"
    assert mask_secrets("t0ken-only", tuple(login_spellings("t0ken-only@proxy:1"))) == MASK
    assert tuple(login_spellings("http://proxy.acme.example:3128")) == ()
