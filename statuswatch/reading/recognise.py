"""The platform and the id of a page whose configuration leaves them open, or names wrong ones. Without I/O."""

from typing import Final
from urllib.parse import urljoin, urlsplit

import msgspec

from statuswatch.model.page import Failure, FailureKind, Page, PageResult, PageSnapshot, RecognitionAttempt
from statuswatch.model.state import PageState
from statuswatch.platforms import ONLY_HOSTS, PLATFORMS, missing_reader
from statuswatch.reading.gather import PageReader, Plan, Session

MAX_IDS: Final = 10  # that are tried for a page without one


def begin(page: Page, state: PageState | None, session: Session) -> Plan[tuple[PageReader, PageResult]]:
    """Request the first documents of a page, with the platform and id that are configured, remembered or found."""
    if state:
        page = msgspec.structs.replace(page, platform=page.platform or state.platform, id=page.id or state.id)
    if not page.platform:
        found = yield from recognise(page, session)
        if isinstance(found, Failure):
            return PageReader(page, state, session), found
        page = found
    if reason := missing_reader(page.platform):
        return PageReader(page, state, session), _without_reader(page, reason)
    return (yield from _identify(page, state, session))


def _without_reader(page: Page, reason: str) -> Failure:
    hint = "look at the page in a browser, or take it out of the configuration"
    return Failure(FailureKind.NO_READER, f"known but unreadable ({reason})", page.url, hint)


def recognise(page: Page, session: Session) -> Plan[Page | Failure]:
    """Find the first platform that understands the page as its own; the session keeps what the others came to."""
    host = urlsplit(page.url).hostname
    for name, platform in PLATFORMS.items():
        if ONLY_HOSTS.get(name, host) != host:
            continue
        candidate = msgspec.structs.replace(page, platform=name)
        reader, result = yield from _identify(candidate, None, session, probing=True)
        if isinstance(result, PageSnapshot) and platform.matches(result.feed):
            return reader.page
        if isinstance(result, Failure) and _refuses_all(result, session):
            return result
        unsure = Failure(FailureKind.CONTENT, "understood, but not surely its own")
        session.attempts.append(RecognitionAttempt(name, result if isinstance(result, Failure) else unsure))
    for attempt in session.attempts:
        if attempt.failure.redirect:
            return attempt.failure
    return _unrecognised(page, session.attempts[0].failure.reason)


def _refuses_all(failure: Failure, session: Session) -> bool:
    """Return whether other platforms' documents would fail alike: nobody answers, or it is busy from the first on."""
    return not session.answered or (failure.busy and not session.attempts)


def _unrecognised(page: Page, reason: str) -> Failure:
    base = urljoin(page.url, "/").rstrip("/")
    perhaps = f" (its base address: {base}, perhaps)" if base != page.url else ""
    hint = f"correct its `url`{perhaps}, or give its `platform`; `statuswatch inspect` shows what was tried"
    return Failure(FailureKind.CONTENT, f"its platform cannot be recognised: {reason}", page.url, hint)


def _identify(
    page: Page, state: PageState | None, session: Session, *, probing: bool = False
) -> Plan[tuple[PageReader, PageResult]]:
    """Read the page with the id that its platform needs: the configured one, else the first that can be read."""
    reader = PageReader(page, state, session)
    result = yield from reader.first_round(probing=probing)
    candidates = [] if page.id else list(reader.ids)
    tried: set[str] = set()
    while candidates and len(tried) < MAX_IDS:
        candidate = candidates.pop(0)
        if candidate in tried:
            continue
        tried.add(candidate)
        other = PageReader(msgspec.structs.replace(page, id=candidate), state, session)
        found = yield from other.first_round(probing=probing)
        if isinstance(found, PageSnapshot):
            return other, found
        if isinstance(found, Failure) and not (found.moved or found.redirect):
            result = found  # that it was refused is the reason, not that its id is unknown
            if found.busy or not session.answered:
                break
        candidates = [*other.ids, *candidates]
    return reader, result


def suggest_config(configured: Page, found: Page) -> str:
    """Return the configuration line that turns one page into the other; "" where they are the same."""
    names = ("url", "platform", "id")
    fields = {name: getattr(found, name) for name in names if getattr(found, name) != getattr(configured, name)}
    settings = ", ".join(f'{name} = "{value}"' for name, value in fields.items())
    return f"{settings} in [page.{configured.key}]" if settings else ""


def redirected_address(page: Page, failure: Failure) -> str:
    """Return the address that a page was moved to, with its path; "" where that is not clear or not public.

    The redirect names a document. Its path below the page's address, cut off the end, leaves the address of the page.
    A redirect to no document leads to the page itself.
    """
    base = page.url.rstrip("/")
    path = urlsplit(failure.where).path.removeprefix(urlsplit(base).path)
    if not failure.redirect or not failure.where.startswith(base):
        return ""
    if path.strip("/") and failure.redirect.endswith(path):
        return failure.redirect.removesuffix(path)
    last_part = urlsplit(failure.redirect).path.rpartition("/")[2]
    return "" if "." in last_part and path.strip("/") else failure.redirect


def explain_failure(page: Page, state: PageState | None, failure: Failure, session: Session) -> Plan[Failure]:
    """Add the configuration line that would be right now, where the page answers but not as configured.

    Finding it takes some requests; it is remembered while the page fails for the same reason.
    """
    if state and state.failing and state.failing.reason == failure.reason:
        return msgspec.structs.replace(failure, suggested_config=state.failing.suggested_config)
    found = yield from _locate(page, failure, session)
    if found is None:
        return failure
    return msgspec.structs.replace(failure, suggested_page=found, suggested_config=suggest_config(page, found))


def _locate(page: Page, failure: Failure, session: Session) -> Plan[Page | None]:
    """Find the page as it is now. Another host that it names is not asked: nobody here trusts it yet."""
    if failure.kind is FailureKind.REDIRECTED:
        address = redirected_address(page, failure)
        return msgspec.structs.replace(page, url=address) if address else None
    if not page.platform or not failure.moved:
        return None
    session.spare_time = True
    session.attempts.clear()
    found = yield from recognise(msgspec.structs.replace(page, platform="", id=""), session)
    return None if isinstance(found, Failure) else found
