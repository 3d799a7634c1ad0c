"""Upstream vendors: what an incident's own text says of another vendor's part in it.

Only the vendor's words count, never the time: a link to another vendor's status page, or another vendor's name in a
sentence that says it is the cause. The vendor's own products, integrations of its product with another, comparisons
and denials are no cause. Where the wording leaves a doubt, nothing is claimed.
"""

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Final, NamedTuple

from statuswatch.catalog import catalog
from statuswatch.catalog.vendors import VendorKind, vendor_of_host, vendor_rows
from statuswatch.model.page import Page

MAX_SENTENCE: Final = 1000  # characters; the rest of a longer one is not looked at
MAX_TEXT: Final = 10_000  # characters of one message
MAX_TEXTS: Final = 50  # messages of one incident, the newest
MAX_REMEMBERED: Final = 512  # incidents: every output of a run asks about each of its events
MAX_UPSTREAM: Final = 3  # vendors of one incident

_CUE: Final = re.compile(
    "https?://|caus|due to|because|since|result|stem|originat|attribut|trigger|trace|owing|related|linked|affected|"
    "impact|upstream|provider|vendor|partner|supplier|depend|waiting|outage",
    re.IGNORECASE,
)
_SENTENCE_END: Final = re.compile(r"(?<=[.!?])\s+|\n+")
_URL: Final = re.compile(r"https?://([a-z0-9.-]+)(/[^\s<>\"')\]]*)?", re.IGNORECASE)
_DENIED: Final = re.compile(
    r"\b(?:unrelated|unlike|similar|compared|comparable|same as|just like|such as|ruled? out|whether|independent|if|"
    r"(?:not|isn't|wasn't|neither|never|no longer)\s+(?:\w+\s+)?"
    r"(?:related|caused|due|an?|the|affected|impacted|linked|connected|involv\w+|attribut\w+|because|originat\w+)|"
    r"no (?:\w+\s+)?(?:impact|evidence|indication|relation|connection|link|sign))\b",
    re.IGNORECASE,
)
_OWN_FAULT: Final = re.compile(
    r"\b(?:on our (?:side|end)|our own|internal\w*|misconfigur\w+|human error|bugs? (?:in|on|with|of) our|"
    r"(?:we|our team|our engineers) (?:introduced|deployed|released|made|misconfigured|rolled|shipped|pushed)|"
    r"our (?:deploy\w*|release|change|update|upgrade|configuration|code|migration|rollout))\b",
    re.IGNORECASE,
)
# After a name: a part of the vendor's own product that works with the other one, or what it configured there.
_OWN_PART: Final = re.compile(
    r"(?:'s)?[\s/-]*(?:[\w-]+\s+){0,2}?(?:integrations?|apps?|applications?|connectors?|plug-?ins?|add-?ons?|sync\w*|"
    r"bots?|log-?ins?|logging in|sign-?(?:in|up)s?|sso|oauth|customers?|users?|importers?|imports?|extensions?|"
    r"accounts?|config\w*|misconfig\w*|credentials?|settings?|migrations?|quotas?|billing|contracts?|polic\w+|tenants?|"
    r"credits?|certificates?|sdks?|libraries|library|packages?|tokens?|models?|clusters?|deployments?|runners?|"
    r"organi[sz]ations?|workspaces?|-hosted|hosted|-based|sources?|destinations?|pipelines?|action|actions)\b",
    re.IGNORECASE,
)
_TROUBLE: Final = (
    r"(?:(?:unexpected )?(?:outages?|incidents?|issues?|problems?|trouble|degradations?|degraded(?: performance)?|"
    r"disruptions?|fail\w*|errors?|downtime|latency|unavailab\w+|interruptions?|throttling|rate[ -]limit\w*|delays?|"
    r"slow\w*|timeouts?|down)|unexpected responses?)"
)
_CAUSE: Final = (
    r"\b(?:caused by|due to|because of|because|results? of|result(?:ed|ing)? from|stem(?:s|med|ming)? from|"
    r"originat(?:es?|ed|ing) (?:from|in|at|with)|attribut(?:ed|able) to|triggered by|"
    r"trac(?:ed|es) (?:\w+ ){0,2}(?:back )?to|"
    r"owing to|"
    r"linked to|related to|tied to|affected by|impacted by|disrupted by|root cause (?:is|was)|connected to)\s+"
)
_ADJECTIVES: Final = (  # possessive: the work is bounded on any text
    r"(?:(?:an?|the|this|their|some|ongoing|current|recent|major|wider?|large\w*|scale|large-scale|global|regional|partial|severe|broad\w*|"
    r"service|network\w*|power|hardware|increased|elevated|intermittent|widespread|known|external|upstream|"
    r"third[- ]party|connectivity|performance|infrastructure|api|bgp|cdn|ddos|dns|tls|ssl|vpn|cloud|"
    r"hosting|temporary|significant|brief|"
    r"unplanned|reported|high|higher|multi-region)\s+)*+"
)
_PROVIDER: Final = (
    r"(?:(?:an?|the|our|their|one of our)\s+)?(?:[\w/-]+\s+){0,3}"
    r"(?:providers?|vendors?|partners?|suppliers?|dependenc(?:y|ies)|hosts?|upstream)(?:\s+is)?[,:(\s–—-]*"
)
_IN: Final = (
    r"(?:\s+(?:received|returned|reported|experienced|observed|seen))?"
    r"\s+(?:in|at|with|by|from|on|of|within|affecting|inside)\s+"
)
_DIRECT: Final = re.compile(rf"{_CAUSE}{_ADJECTIVES}\Z", re.IGNORECASE)
_THROUGH_TROUBLE: Final = re.compile(
    rf"(?:{_CAUSE}|upstream\s+){_ADJECTIVES}{_TROUBLE}{_IN}(?:the\s+)?(?:{_PROVIDER})?\Z", re.IGNORECASE
)
_THROUGH_PROVIDER: Final = re.compile(rf"(?:{_CAUSE}){_PROVIDER}\Z", re.IGNORECASE)
_UPSTREAM_OF: Final = re.compile(r"\bupstream\s+\Z", re.IGNORECASE)
_APPOSITION: Final = re.compile(
    r"\b(?:upstream|third[- ]party|external|our|their|the)\s+(?:[\w/-]+\s+){0,3}"
    r"(?:providers?|vendors?|partners?|suppliers?|dependency)[,:(\s–—-]+\Z",
    re.IGNORECASE,
)
_CLAUSE: Final = re.compile(
    r"(?:^|[,;:–—(-]\s*|\b(?:that|because|since|as|while|and|but|when|after|once)\s+)(?:the\s+)?\Z", re.I
)
_ARTICLE: Final = re.compile(
    r"(?:^|[,;:–—-]\s*|\b(?:that|because|since|as|while|and|but)\s+)(?:an?|the|this|ongoing|\s)*\Z", re.I
)
_WAITING: Final = re.compile(
    r"\b(?:waiting (?:for|on)|awaiting)\s+(?:an? |the )?(?:\w+\s+){0,3}?(?:from\s+)?\Z", re.IGNORECASE
)
_HAS_TROUBLE: Final = re.compile(rf"(?:'s)?\s+(?:[\w.-]+\s+){{0,4}}?{_TROUBLE}\b", re.IGNORECASE)
_STATES_TROUBLE: Final = re.compile(
    r"[,)\s]*(?:(?:which|who|that)\s+)?(?:(?:is|are|was|were|has|have|had)\s+(?:an?|the)\s|"
    r"(?:(?:is|are|was|were|has|have|had)\s+)?(?:(?:currently|now|also|been|still|since)\s+)*"
    r"(?:experienc\w+|having|reporting|reported|suffer\w+|seeing|investigating|degraded|down|unavailable|"
    r"acknowledged|confirmed|identified|announced|resolved|mitigated|recover\w+|fixed|restored|returning))",
    re.IGNORECASE,
)
_EFFECT: Final = re.compile(
    r"\b(?:impact\w*|affect\w*|caus\w+|result\w*|prevent\w*|lead\w*|led|so|therefore|because|since|due to|delay\w*|"
    r"disrupt\w*)\b",
    re.IGNORECASE,
)
_ACTS: Final = re.compile(
    rf"(?:'s)?\s+(?:[\w.-]+\s+){{0,3}}?{_TROUBLE}\s+(?:that\s+|which\s+)?(?:(?:is|are|was|were|has been|have been)\s+"
    r"(?:currently\s+|also\s+|still\s+)?(?:causing|impacting|affecting|preventing|disrupting|delaying|resulting|leading)|"
    r"(?:has |have |had )?(?:also )?(?:caused|impacted|affected|prevented|disrupted|resulted|led to|causes|impacts))\b",
    re.IGNORECASE,
)
_RECOVERS: Final = re.compile(
    r"(?:'s)?\s[^.]{0,60}\b(?:resol\w+|recover\w*|fix\w*|restor\w+|mitigat\w+)", re.IGNORECASE
)
_ANYTHING: Final = re.compile("")
# What stands before a name and after it, where the sentence makes that vendor the cause.
_WORDINGS: Final = (
    (_THROUGH_TROUBLE, _ANYTHING),
    (_THROUGH_PROVIDER, _ANYTHING),
    (_DIRECT, _HAS_TROUBLE),
    (_UPSTREAM_OF, _HAS_TROUBLE),
    (_APPOSITION, _STATES_TROUBLE),
    (_WAITING, _RECOVERS),
    (_ARTICLE, _ACTS),
)
_SHARED_DOMAINS: Final = frozenset(
    ("statuspage.io", "instatus.com", "status.io", "betteruptime.com", "betterstack.com")
)
# Pages of one owner name one another's products.
_OWNERS: Final = (
    ("azure", "microsoft-365", "azure-devops", "playfab", "minecraft"),
    ("google-cloud", "google-workspace", "firebase", "google-maps", "google-play", "google-ads", "google-search"),
    ("twilio", "sendgrid", "segment"),
    ("okta", "auth0", "auth0-fga"),
    ("akamai", "linode"),
    ("jfrog", "jfrog-artifactory"),
    ("pypi", "python"),
    ("npm", "github"),
)


class Upstream(NamedTuple):
    """Another vendor to which an incident's text traces it: the sentence, and the link in it, "" where it has none."""

    key: str
    name: str
    url: str  # of that vendor's status page
    quote: str
    link: str = ""


@lru_cache(MAX_REMEMBERED)
def find_upstream(page: Page, texts: tuple[str, ...]) -> tuple[Upstream, ...]:
    """Return the vendors that the texts of a page's incident name as its cause, in the order of the texts.

    The catalog is read only where a text has a link or a word for a cause.
    """
    found: dict[str, Upstream] = {}
    for text in dict.fromkeys(text[:MAX_TEXT] for text in (*texts[:1], *texts[1:][-MAX_TEXTS:])):
        if not _CUE.search(text):
            continue
        for sentence in _SENTENCE_END.split(text):
            for upstream in _in_sentence(page, sentence.strip()[:MAX_SENTENCE]):
                found[upstream.key] = _better(found.get(upstream.key), upstream)
    return tuple(found.values())[:MAX_UPSTREAM]


def _better(earlier: Upstream | None, later: Upstream) -> Upstream:
    """Return the first sentence that names the cause in words, with the first link."""
    if earlier is None:
        return later
    is_link_quoted = bool(earlier.link) and earlier.link in earlier.quote
    quote = later.quote if is_link_quoted and not later.link else earlier.quote
    return earlier._replace(quote=quote, link=earlier.link or later.link)


def _in_sentence(page: Page, sentence: str) -> Iterator[Upstream]:
    if _CUE.search(sentence) and not _DENIED.search(sentence):
        yield from _linked(page, sentence)
        if not _OWN_FAULT.search(sentence):
            yield from _blamed(page, sentence)


def _linked(page: Page, sentence: str) -> Iterator[Upstream]:
    for match in _URL.finditer(sentence):
        key = _linked_page(match[1].lower(), match[2] or "")
        if key and not _is_own(page, key):
            yield _upstream(key, sentence, match[0].rstrip(".,;:"))


def _blamed(page: Page, sentence: str) -> Iterator[Upstream]:
    for match in _names().finditer(sentence):
        key = _keys_by_name()[match[0]]
        if not _is_own(page, key) and _is_blamed(sentence, match.start(), match.end()):
            yield _upstream(key, sentence)


def _upstream(key: str, quote: str, link: str = "") -> Upstream:
    page = catalog()[key]
    return Upstream(key, page.name, page.url, quote, link)


def _is_blamed(sentence: str, start: int, end: int) -> bool:
    """Return whether the sentence says that the vendor named from `start` to `end` is the cause."""
    before, after = sentence[max(0, start - 200) : start], sentence[end : end + 200]
    if _OWN_PART.match(after):
        return False
    for leading, following in _WORDINGS:
        if leading.search(before) and following.match(after):
            return True
    is_subject = _CLAUSE.search(before) and _STATES_TROUBLE.match(after)
    return bool(is_subject and re.search(_TROUBLE, after, re.IGNORECASE) and _EFFECT.search(sentence))


def _linked_page(host: str, path: str) -> str:
    """Return the key of the status page at an address, "" where it is none."""
    pages = _pages_by_host().get(host, [])
    fitting = [key for prefix, key in pages if path.startswith(prefix)]
    if fitting or len(pages) == 1:
        return (fitting or [pages[0][1]])[0]
    if host.startswith(("status.", "health.")) or host.rpartition(".")[0].endswith("status"):
        return vendor_of_host(host)
    return ""


@cache
def _pages_by_host() -> dict[str, list[tuple[str, str]]]:
    """Return (path, key) of the catalog's pages by host, the longest path first."""
    pages: dict[str, list[tuple[str, str]]] = {}
    for key, row in catalog().rows.items():
        host, _, path = row.url.removeprefix("https://").partition("/")
        pages.setdefault(host, []).append((f"/{path}" if path else "", key))
        for former_host in (word for word in row.words[2:] if "." in word):
            pages.setdefault(former_host, []).append(("", key))
    return {host: sorted(paths, key=lambda item: -len(item[0])) for host, paths in pages.items()}


@cache
def _keys_by_name() -> dict[str, str]:
    """Return the keys by name: those of the map, and names of the catalog that no sentence has by chance."""
    distinct = re.compile(r"\w*[a-z0-9][A-Z]\w*")  # CircleCI, not Linear
    names = {row.name: key for key, row in catalog().rows.items() if distinct.fullmatch(row.name)}
    return {**names, **{name: key for name, key in vendor_rows()[VendorKind.NAME].items() if key in catalog()}}


@cache
def _names() -> re.Pattern[str]:
    names = sorted(_keys_by_name(), key=lambda name: (-len(name), name))
    return re.compile(rf"(?<![\w./@-])(?:{'|'.join(map(re.escape, names))})(?![\w@]|[.-]\w)")


def _is_own(page: Page, key: str) -> bool:
    """Return whether the page is of the same vendor as the page of that key."""
    other = catalog()[key]
    if page.key == key or any(page.key in owners and key in owners for owners in _OWNERS):
        return True
    words, other_words = _words(page), _words(other)
    domain = _domain(page.url)
    return bool(words & other_words) or (domain == _domain(other.url) and domain not in _SHARED_DOMAINS)


def _words(page: Page) -> set[str]:
    """Return the words by which pages of one vendor are alike: the first of the key and of the name."""
    return {re.split(r"[\s.(-]", word.casefold().removeprefix("microsoft "))[0] for word in (page.key, page.name)}


def _domain(url: str) -> str:
    return ".".join(url.partition("://")[2].partition("/")[0].partition(":")[0].split(".")[-2:])
