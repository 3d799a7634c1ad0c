"""The configuration: its sources, its keys, and the messages for its mistakes (contract, section 3)."""

import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from statuswatch.catalog import catalog
from statuswatch.config.load import load_config, working_folder
from statuswatch.config.schema import Config
from statuswatch.config.select import page_at, select_pages
from statuswatch.errors import UsageError
from statuswatch.model.incident import Impact, IncidentKind
from statuswatch.model.page import Page

ACME: Final = '[page.acme]\nurl = "https://status.acme.example"\n'
KEYS: Final = (
    "pages, state, history, timeout, deadline, concurrency, components, min_impact, maintenance, kinds, "
    "assume_impact, every, every_open, page, notify, mute, serve"
)
NOT_BASE: Final = "is not the base address of a page: write it like https://status.acme.example"
ADD_IT: Final = ": set its `url` in a table [page.KEY]"
NOT_A_KEY: Final = "a key has up to 64 letters, digits, '.', '_' and '-', and begins with a letter or digit"
MUTE: Final = 'pages = ["npm"]\n[[mute]]\npage = "npm"\nincident = "x"'
HOOK: Final = 'pages = ["npm"]\n[page.github]\ntags = ["tier1"]\n[[notify]]\nsink = "webhook"\nurl_env = "HOOK"'


def load(folder: Path, toml: str, name: str = "statuswatch.toml") -> Config:
    (folder / name).write_text(toml, encoding="utf-8")
    return load_config(folder / name, {}, folder)


def page(folder: Path, toml: str, key: str = "acme") -> Page:
    return next(page for page in load(folder, toml).pages if page.key == key)


def keys(config: Config) -> list[str]:
    return [page.key for page in config.pages]


def chosen(config: Config, *words: str) -> list[str]:
    return [page.key for page in select_pages(config, words).chosen(words)]


def error_of(folder: Path, toml: str) -> str:
    """Return the message for a bad configuration, with FILE for its path."""
    with pytest.raises(UsageError) as caught:
        load(folder, toml)
    assert caught.value.exit_code == 2
    return str(caught.value).replace(str(folder / "statuswatch.toml"), "FILE")


def test_the_sources_come_in_order(tmp_path: Path) -> None:
    """Contract 3.1: --config, else $STATUSWATCH_CONFIG, else statuswatch.toml, else [tool.statuswatch], else built
    in.
    """
    sources = ("flag.toml", "env.toml", "statuswatch.toml", "pyproject.toml")
    for number, name in enumerate(sources):
        table = "[tool.statuswatch]\n" if name == "pyproject.toml" else ""
        (tmp_path / name).write_text(f'{table}pages = ["openai"]\nconcurrency = {number + 1}\n')
    env = {"STATUSWATCH_CONFIG": str(tmp_path / "env.toml")}
    used = []
    for flag, env_of_run, removed in (
        (tmp_path / "flag.toml", env, ""),
        (None, env, ""),
        (None, {"STATUSWATCH_CONFIG": ""}, ""),
        (None, {}, "statuswatch.toml"),
        (None, {}, "pyproject.toml"),
    ):
        if removed:
            (tmp_path / removed).unlink()
        config = load_config(flag, env_of_run, tmp_path)
        used.append((config.source, config.concurrency))
    assert used == [(str(tmp_path / name), number + 1) for number, name in enumerate(sources)] + [("", 128)]


def test_the_built_in_default_is_small_and_has_openai(tmp_path: Path) -> None:
    """Contract 3.1: without any configuration there is a small built-in default that includes OpenAI."""
    config = load_config(None, {}, tmp_path)
    assert "openai" in keys(config)
    assert 2 <= len(config.pages) <= 12
    assert config.state == tmp_path / "state.json"
    assert (config.source, config.timeout, config.deadline, config.concurrency) == ("", 15, 240, 128)


def test_a_pyproject_without_our_table_is_no_configuration(tmp_path: Path) -> None:
    """Contract 3.2: only [tool.statuswatch] of pyproject.toml counts."""
    built_in = load_config(None, {}, tmp_path)
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\n[tool.ruff]\nline-length = 80\n')
    assert load_config(None, {}, tmp_path) == built_in


def test_the_variable_may_be_relative_to_the_working_directory(tmp_path: Path) -> None:
    """Contract 3.1: $STATUSWATCH_CONFIG names a file as a user of that directory would."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "watch.toml").write_text('pages = ["github"]')
    config = load_config(None, {"STATUSWATCH_CONFIG": "etc/watch.toml"}, tmp_path)
    assert (keys(config), config.state) == (["github"], tmp_path / "etc" / "state.json")


def test_a_pyproject_may_be_named(tmp_path: Path) -> None:
    """Contract 3.1: the same keys in all sources; a pyproject.toml named by --config has them in its table."""
    config = load(tmp_path, '[tool.statuswatch]\npages = ["github"]\n', "pyproject.toml")
    assert (keys(config), config.source) == (["github"], str(tmp_path / "pyproject.toml"))


def test_it_reads_only_what_it_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Section 3: the environment and the working directory are arguments, and nothing else is looked at."""
    current, other = tmp_path / "current", tmp_path / "other"
    for folder in (current, other):
        folder.mkdir()
    (current / "statuswatch.toml").write_text("this is not even TOML")
    (current / "mine.toml").write_text("this is not even TOML")
    (other / "mine.toml").write_text('pages = ["npm"]')
    monkeypatch.chdir(current)
    monkeypatch.setenv("STATUSWATCH_CONFIG", str(current / "statuswatch.toml"))
    assert load_config(None, {}, other).source == ""
    assert keys(load_config(None, {"STATUSWATCH_CONFIG": "mine.toml"}, other)) == ["npm"]
    assert keys(load_config(Path("mine.toml"), {}, other)) == ["npm"]


@pytest.mark.parametrize(
    ("state", "place"),
    [("", "etc/state.json"), ("memory/s.json", "etc/memory/s.json"), ("../s.json", "s.json")],
)
def test_the_state_is_relative_to_the_configuration_file(tmp_path: Path, state: str, place: str) -> None:
    """Contract 3.2: `state` and `history` are relative to the configuration file, wherever the run is started."""
    (tmp_path / "etc").mkdir()
    top = 'pages = ["openai"]\nhistory = "past"\n'
    config = load(tmp_path / "etc", top + (f'state = "{state}"' if state else ""))
    assert config.state.resolve() == (tmp_path / place).resolve()
    assert config.history == tmp_path / "etc" / "past"


def test_the_archive_is_no_file(tmp_path: Path) -> None:
    """Contract 3.3: `history` is a folder; the place of the state file, or a file, is a mistake."""
    for folder in ("./state.json", "statuswatch.toml"):
        message = error_of(tmp_path, f'history = "{folder}"\n{ACME}')
        assert message.endswith("is a file: name a folder for the archive")


def test_an_absolute_state_stays_where_it_is(tmp_path: Path) -> None:
    """Section 3: an absolute `state` is relative to nothing."""
    assert load(tmp_path, f'pages = ["npm"]\nstate = "{tmp_path / "x" / "s.json"}"').state == tmp_path / "x" / "s.json"


def test_every_key_is_understood(tmp_path: Path) -> None:
    """Section 3: every key that the contract has, with whole numbers or fractions for the seconds."""
    config = load(
        tmp_path,
        'pages = ["github", "openai"]\nstate = "s.json"\ntimeout = 7.5\ndeadline = 60\nconcurrency = 3\n'
        '[page.acme]\nname = "Acme"\nurl = "https://status.acme.example"\nplatform = "statuspage"\n'
        '[page.github]\ncomponents = ["Actions*", "API*"]\nmin_impact = "major"\nmaintenance = false\n',
    )
    assert (config.timeout, config.deadline, config.concurrency) == (7.5, 60, 3)
    assert keys(config) == ["github", "openai", "acme"]
    github, openai, acme = config.pages
    assert acme == Page(key="acme", name="Acme", url="https://status.acme.example", platform="statuspage")
    assert openai == catalog()["openai"]
    entry = catalog()["github"]
    assert (github.name, github.url, github.platform) == (entry.name, entry.url, entry.platform)
    assert (github.components, github.min_impact, github.maintenance) == (("Actions*", "API*"), Impact.MAJOR, False)


def test_a_page_overrules_the_filters_of_all(tmp_path: Path) -> None:
    """Section 3: filters may stand for all pages; what a page says of itself counts more."""
    every = 'components = ["API"]\nmin_impact = "major"\nmaintenance = false\nkinds = ["new"]\n'
    own = 'components = []\nmin_impact = "none"\nmaintenance = true\nkinds = ["incident"]\n'
    plain, special = load(tmp_path, f'pages = ["openai", "github"]\n{every}[page.github]\n{own}').pages
    assert (plain.components, plain.min_impact, plain.maintenance) == (("API",), Impact.MAJOR, False)
    assert (plain.kinds, special.kinds) == (("new",), ("incident",))
    assert (special.components, special.min_impact, special.maintenance) == ((), Impact.NONE, True)


@pytest.mark.parametrize(
    ("toml", "watched"),
    [
        (ACME, ["acme"]),
        (f"pages = []\n{ACME}", ["acme"]),
        (f'pages = ["npm"]\n{ACME}', ["npm", "acme"]),
        (f'pages = ["acme", "npm"]\n{ACME}', ["acme", "npm"]),
        ('pages = ["npm", "npm"]', ["npm"]),
        ("[page.npm]\nmaintenance = false", ["npm"]),
    ],
)
def test_a_page_with_a_table_is_watched_as_if_listed(tmp_path: Path, toml: str, watched: list[str]) -> None:
    """Section 3: [page.X] is watched as if it were listed, and every page once."""
    assert keys(load(tmp_path, toml)) == watched


def test_what_is_left_out_of_a_page_is_found_elsewhere(tmp_path: Path) -> None:
    """Section 3: `platform` may be left out; a name is then the key, and the address loses its last slash."""
    acme = page(tmp_path, '[page.acme]\nurl = "https://status.acme.example/eu/"')
    assert (acme.name, acme.platform, acme.url) == ("acme", "", "https://status.acme.example/eu")


def test_another_address_is_another_page(tmp_path: Path) -> None:
    """Section 3: a catalog's page at another address keeps its name alone: its platform is to be recognised."""
    github = page(tmp_path, '[page.github]\nurl = "https://status.acme.example"', "github")
    assert (github.name, github.platform) == (catalog()["github"].name, "")
    assert catalog()["gitlab"].id
    for other in ('url = "https://status.acme.example"', 'platform = "statuspage"'):
        assert page(tmp_path, f"[page.gitlab]\n{other}", "gitlab").id == ""


def test_what_a_platform_needs_besides_the_address(tmp_path: Path) -> None:
    """Section 3: a page may carry the id, or the address of the feed, that its platform needs."""
    acme = page(tmp_path, f'{ACME}platform = "statuspage"\nid = "/history.rss"')
    assert acme.id == "/history.rss"


BAD: Final = {
    # keys
    'pges = ["openai"]': "pges: unknown key: did you mean 'pages'?",
    "time_out = 5": "time_out: unknown key: did you mean 'timeout'?",
    "interval = 5": f"interval: unknown key: use one of {KEYS}",
    '[acme]\nurl = "https://a.example"': f"acme: unknown key: use one of {KEYS}",
    '[page.acme]\nulr = "https://a.example"': "page.acme.ulr: unknown key: did you mean 'url'?",
    f"{ACME}colour = 1": "page.acme.colour: unknown key: use one of "
    "name, url, platform, id, components, min_impact, maintenance, kinds, tags, headers_env, public, "
    "every, every_open, hook_secret_env",
    # pages
    'page = ["openai"]': 'page: a list: list keys as pages = ["openai"], or write a table for one page, [page.acme]',
    "[pages.acme]": 'pages: a table: list keys as pages = ["openai"], or write a table for one page, [page.acme]',
    'pages = ["opnai"]': "pages: the catalog has no page 'opnai': did you mean 'openai'?",
    'pages = ["acme"]': f"pages: the catalog has no page 'acme'{ADD_IT}",  # nothing is near, "parchment" least of all
    'pages = ["zzzzzzzz"]': f"pages: the catalog has no page 'zzzzzzzz'{ADD_IT}",
    "pages = []": 'pages: no page to watch: name the pages to watch, for example pages = ["openai"]',
    '[page.zzzzzzzz]\nname = "Acme"': "page.zzzzzzzz.url: missing, and the catalog has no page 'zzzzzzzz'"
    ": add the address of the page",
    '[page.gihub]\nmin_impact = "major"': "page.gihub.url: missing, and the catalog has no page 'gihub': "
    "did you mean 'github'?",
    '[page."a b"]\nurl = "https://a.example"': f"page.a b: {NOT_A_KEY}",
    '[page.""]\nurl = "https://a.example"': f"page.: {NOT_A_KEY}",
    # platforms and impacts
    f'{ACME}platform = "statuspag"': "page.acme.platform: unknown platform 'statuspag': did you mean 'statuspage'?",
    f'{ACME}min_impact = "majr"': "page.acme.min_impact: unknown impact 'majr': did you mean 'major'?",
    'min_impact = "criticl"': "min_impact: unknown impact 'criticl': did you mean 'critical'?",
    'kinds = ["resolvd"]': "kinds: unknown kind 'resolvd': did you mean 'resolved'?",
    f'{ACME}kinds = ["zzz"]': "page.acme.kinds: unknown kind 'zzz': use one of "
    "new, updated, resolved, incident, maintenance, page",
    f'{ACME}id = "a b"': "page.acme.id: neither a platform's id of a page nor the address of a feed: "
    "up to 500 characters, no blank, no '@'",
    'min_impact = "unknown"': "min_impact: unknown impact 'unknown': use one of none, minor, major, critical",
    # types
    'pages = "openai"': "pages: Expected `list`, got `str`",
    "pages = [1]": "pages[0]: Expected `str`, got `int`",
    "state = 3": "state: Expected `str`, got `int`",
    'state = ""': "state: Expected `str` of length >= 1",
    'timeout = "15"': "timeout: Expected `float`, got `str`",
    "timeout = true": "timeout: Expected `float`, got `bool`",
    "timeout = 0": "timeout: Expected `float` > 0.0",
    "timeout = nan": "timeout: Expected `float` > 0.0",
    "deadline = -1": "deadline: Expected `float` > 0.0",
    "concurrency = 0": "concurrency: Expected `int` >= 1",
    "concurrency = 1.5": "concurrency: Expected `int`, got `float`",
    'components = "API"': "components: Expected `list`, got `str`",
    "min_impact = 3": "min_impact: Expected `str`, got `int`",
    'maintenance = "no"': "maintenance: Expected `bool`, got `str`",
    "page = 3": "page: Expected `table`, got `int`",
    "[page]\nacme = 3": "page.acme: Expected `table`, got `int`",
    "[page.acme]\nurl = 3": "page.acme.url: Expected `str`, got `int`",
    f"{ACME}components = [1]": "page.acme.components[0]: Expected `str`, got `int`",
    '[page.github]\nmaintenance = "yes"': "page.github.maintenance: Expected `bool`, got `str`",
    '[page.github]\ntags = "ci"': "page.github.tags: Expected `list`, got `str`",
    # assumptions and mutes
    'assume_impact = "majr"': "assume_impact: unknown impact 'majr': did you mean 'major'?",
    'assume_impact = "maintenance"': "assume_impact: unknown impact 'maintenance': use one of "
    "none, minor, major, critical, unknown",
    'pages = ["npm"]\n[[mute]]\npage = "nmp"\nincident = "x"': "mute[0].page: unknown page 'nmp': did you mean 'npm'?",
    'pages = ["npm"]\n[[mute]]\npage = "npm"': "mute[0]: Object missing required field `incident`",
    'pages = ["npm"]\n[[mute]]\npage = "npm"\nincident = ""': "mute[0].incident: Expected `str` of length >= 1",
    MUTE.replace('page = "npm"', 'page = "platform:statuspag"'): "mute[0].page: unknown platform 'statuspag': "
    "did you mean 'statuspage'?",
    f"{MUTE}\ntill = 1": "mute[0].till: unknown key: did you mean 'until'?",
    f"{MUTE}\nuntil = 2026-12-24T00:00:00": (
        "mute[0].until: Expected `datetime` with a timezone component: write it like 2026-12-24T00:00:00Z"
    ),
    f"{MUTE}\nuntil = 2026-12-24": "mute[0].until: Expected `datetime`, got `date`: write it like 2026-12-24T00:00:00Z",
    "[mute]\npage = 'npm'": "mute: a single table: write [[mute]], with two brackets",
    "[notify]\nsink = 'slack'": "notify: a single table: write [[notify]], with two brackets",
    # filters of sinks
    f"[[notify]]{HOOK.partition('[[notify]]')[2]}\npages = ['npm']": "notify[0].pages: unknown page 'npm': "
    "no page is configured, so add it to the configuration",
    f'{HOOK}\ntags = ["tier2"]': "notify[0].tags: unknown tag 'tier2': did you mean 'tier1'?",
    f'{HOOK}\npages = ["npm"]\ntags = ["tier1"]': "notify[0].tags: none of the pages in `pages` has one of these tags: "
    "leave one of the two out",
    f'{HOOK}\nkinds = ["incidents"]': "notify[0].kinds: unknown kind 'incidents': did you mean 'incident'?",
    f"{HOOK}\nkinds = []": "notify[0].kinds: an empty list: leave it out to receive all kinds",
    f'{HOOK}\nhours = "9 to 5"': "notify[0].hours: '9 to 5' are no hours: write days, times and a zone, such as "
    "'Mon-Fri 08:00-18:00 Europe/Berlin'",
    f'{HOOK}\nhours = "Mon-Fri 08:00-18:00 Europe/Berlim"': "notify[0].hours: 'Europe/Berlim' is no time zone: "
    "did you mean 'Europe/Berlin'?",
    f'{HOOK}\nhours = "08:00-18:00 Mars/Hellas"': "notify[0].hours: 'Mars/Hellas' is no time zone: "
    "use a name such as Europe/Berlin, America/New_York or UTC",
    f"{HOOK}\nevents = []": "notify[0].events: an empty list: leave it out to receive all events",
    # paths and the HTTP side
    'pages = ["npm"]\nstate = "a\\u0000b"': "state: a NUL character, which no path has: remove it",
    'pages = ["npm"]\n[serve]\ntoken = "x"': "serve.token: unknown key: did you mean 'token_env'?",
}


@pytest.mark.parametrize("toml", BAD)
def test_a_bad_configuration_is_refused_with_its_place(tmp_path: Path, toml: str) -> None:
    """Contract 3.3: what is wrong is exit 2 with the file, the key, and "did you mean"."""
    assert error_of(tmp_path, toml) == f"FILE: {BAD[toml]}"


@pytest.mark.parametrize("toml", ['pages = ["openai"\n', "timeout = 1\ntimeout = 2\n", "pages: openai"])
def test_what_is_no_toml_is_refused_with_the_parsers_words(tmp_path: Path, toml: str) -> None:
    """Contract 3.3: a file that is not TOML is exit 2 with the file and the line."""
    with pytest.raises(tomllib.TOMLDecodeError) as caught:
        tomllib.loads(toml)
    assert error_of(tmp_path, toml) == f"FILE: not valid TOML: {caught.value}"


@pytest.mark.parametrize(
    "url",
    [
        *("", "status.acme.example", "ftp://a.example", "file:///etc/passwd", "https://", "https:///x", "https://[::1"),
        *("https://a:b", "https://a:99999", "https://a.example/x y"),
    ],
)
def test_only_a_web_address_is_a_url(tmp_path: Path, url: str) -> None:
    """Section 3: `url` is the page's base address."""
    assert error_of(tmp_path, f'[page.acme]\nurl = "{url}"') == f"FILE: page.acme.url: {url!r} {NOT_BASE}"


SECRET_ADDRESSES: Final = (
    *("https://user:hunter2@a.example", "https://user:hunter2@a.example?x=1", "https://user:hunter2@a.example/x y"),
    *("https://a.example?token=hunter2", "https://a.example/#hunter2", "user:hunter2@a.example", "a.example?hunter2"),
)


@pytest.mark.parametrize("url", SECRET_ADDRESSES)
def test_an_address_with_a_secret_is_refused_without_it(tmp_path: Path, url: str) -> None:
    """Contract 3.8: a token in an address is refused with the remedy `headers_env`, and appears in no message."""
    message = error_of(tmp_path, f'[page.acme]\nurl = "{url}"')
    assert message.startswith("FILE: page.acme.url: ")
    assert 'headers_env = { Authorization = "ACME_STATUS_TOKEN" }' in message
    assert "hunter2" not in message


@pytest.mark.parametrize("url", SECRET_ADDRESSES)
@pytest.mark.parametrize(
    "toml", ["pages = ['{}']", "[page.'{}']\nname = 'Acme'", "[page.'{}']\nurl = 'https://a.example'\ncolour = 1"]
)
def test_an_address_in_place_of_a_key_is_refused_without_its_secret(tmp_path: Path, toml: str, url: str) -> None:
    """Contract 3.8: a token appears nowhere, also that of an address that is listed as a page."""
    assert "hunter2" not in error_of(tmp_path, toml.format(url))


def test_an_address_in_pages_is_refused_with_the_remedy(tmp_path: Path) -> None:
    """Contract 3.8: an address listed under `pages` needs a table with a key; its token belongs in a variable."""
    message = error_of(tmp_path, 'pages = ["https://status.acme.example/x?token=hunter2"]')
    assert message == (
        "FILE: pages: 'https://status.acme.example/…' is an address, not a key: set it as `url` in a table [page.KEY]; "
        "a token belongs in a variable that `headers_env` names"
    )


def test_a_feed_with_a_token_in_its_address_is_refused(tmp_path: Path) -> None:
    """Contract 3.8: the address of a feed may have a query, but no token."""
    assert page(tmp_path, f'{ACME}id = "/feed?format=rss"').id == "/feed?format=rss"
    message = error_of(tmp_path, f'{ACME}id = "/feed?access_token=hunter2"')
    assert message.startswith("FILE: page.acme.id: an address with a password or a token in it: remove it")
    assert "hunter2" not in message


def test_an_address_on_the_command_line_shows_no_secret(tmp_path: Path) -> None:
    """Contract 3.8: a token in an address appears nowhere, also of one given to a command."""
    config = load(tmp_path, 'pages = ["npm"]')
    for url in SECRET_ADDRESSES:
        for select in (lambda url=url: select_pages(config, [url]), lambda url=url: page_at(url)):
            with pytest.raises(UsageError) as caught:
                select()
            assert "hunter2" not in str(caught.value)


def test_a_private_page_names_the_variables_of_its_headers(tmp_path: Path) -> None:
    """Contract 3.8 and 3.9: `headers_env` names a header and the variable with its value; `public` is for the board."""
    private = f'{ACME}headers_env = {{ Authorization = "ACME_TOKEN", X-Team = "TEAM" }}\n'
    config = load(tmp_path, f"{private}public = true\n[page.npm]")
    assert config.headers == {"acme": {"Authorization": "ACME_TOKEN", "X-Team": "TEAM"}}
    assert config.public == {"acme"}


BAD_HEADERS: Final = {
    '{ X-Key = "A", x-key = "B" }': "page.acme.headers_env.x-key: 2 headers of this name: leave one",
    '{ Authorization = "Bearer hunter2" }': "page.acme.headers_env.Authorization: not the name of an environment "
    "variable: write its name here, never its value",
    '{ "Bearer hunter2" = "TOKEN" }': "page.acme.headers_env: not the name of a header: "
    'write headers_env = { Authorization = "ACME_STATUS_TOKEN" }',
    '{ host = "TOKEN" }': "page.acme.headers_env.host: a header that statuswatch sets itself: leave it out",
    '"hunter2"': "page.acme.headers_env: Expected `table`, got `str`",
    '["hunter2"]': "page.acme.headers_env: Expected `table`, got `list`",
    "{ Authorization = 3 }": "page.acme.headers_env[...]: Expected `str`, got `int`",
}


@pytest.mark.parametrize("value", BAD_HEADERS)
def test_a_secret_in_place_of_a_variable_is_refused(tmp_path: Path, value: str) -> None:
    """Contract 3.8: `headers_env` holds names, and what may be a secret is not repeated."""
    assert error_of(tmp_path, f"{ACME}headers_env = {value}") == f"FILE: {BAD_HEADERS[value]}"


def test_all_mistakes_are_reported_together(tmp_path: Path) -> None:
    """Contract 3.3: all mistakes of a file are reported together, each with file, key and what to do."""
    lines = error_of(
        tmp_path,
        'pages = ["openai", "opnai", "gihub"]\ntime_out = 5\ndeadline = "4"\nkinds = ["resolvd", "nw"]\n'
        '[page.acme]\nurl = "acme"\nplatform = "statuspag"\nmin_impact = "majr"\nulr = 1\n'
        '[page.bolt]\nurl = 3\nmaintenance = "no"\n[page.Zyxw]\nplatform = "gatuss"\n'
        '[[notify]]\nsink = "slak"\n[[notify]]\nsink = "slack"\nevents = ["nwe"]\npages = ["acmee"]\n'
        'min_impact = "x"\nkinds = []\ntags = ["ci"]\nhours = "x"\n[[notify]]\nsnk = "slack"\n'
        '[[mute]]\npage = "npm"\nincident = "1"\n[page.githb]\ntgas = []\n',
    ).splitlines()
    assert lines == [
        f"FILE: {line}"
        for line in (
            "time_out: unknown key: did you mean 'timeout'?",
            "deadline: Expected `float`, got `str`",
            "page.acme.ulr: unknown key: did you mean 'url'?",
            "page.bolt.url: Expected `str`, got `int`",
            "page.bolt.maintenance: Expected `bool`, got `str`",
            "page.githb.tgas: unknown key: did you mean 'tags'?",
            "kinds: unknown kind 'resolvd': did you mean 'resolved'?",
            "kinds: unknown kind 'nw': did you mean 'new'?",
            "pages: the catalog has no page 'opnai': did you mean 'openai'?",
            "pages: the catalog has no page 'gihub': did you mean 'github'?",
            "page.acme.platform: unknown platform 'statuspag': did you mean 'statuspage'?",
            f"page.acme.url: 'acme' {NOT_BASE}",
            "page.acme.min_impact: unknown impact 'majr': did you mean 'major'?",
            "page.zyxw.url: missing, and the catalog has no page 'zyxw': add the address of the page",
            "page.zyxw.platform: unknown platform 'gatuss': did you mean 'gatus'?",
            "page.githb.url: missing, and the catalog has no page 'githb': did you mean 'github'?",
            "notify[0].sink: unknown sink 'slak': did you mean 'slack'?",
            "notify[1].events: unknown event 'nwe': did you mean 'new'?",
            "notify[1].kinds: an empty list: leave it out to receive all kinds",
            "notify[1].min_impact: unknown impact 'x': use one of none, minor, major, critical",
            "notify[1].pages: unknown page 'acmee': did you mean 'acme'?",
            "notify[1].tags: no page has tags: set `tags` in a table [page.KEY]",
            "notify[1].hours: 'x' are no hours: write days, times and a zone, such as "
            "'Mon-Fri 08:00-18:00 Europe/Berlin'",
            "notify[1]: Object missing required field `url_env`",
            "notify[2].snk: unknown key: did you mean 'sink'?",
            "notify[2]: Object missing required field `sink`",
            "mute[0].page: unknown page 'npm': use one of openai, opnai, gihub, acme, bolt, zyxw, githb",
        )
    ]


def test_names_match_without_regard_to_case(tmp_path: Path) -> None:
    """Contract 3.3b: keys and names match without regard to case; the catalog's key is used, or the own in lower
    case.
    """
    config = load(
        tmp_path,
        'pages = ["OpenAI", "openai", "Acme"]\nkinds = ["NEW"]\nmin_impact = "Major"\nassume_impact = "UNKNOWN"\n'
        '[page.ACME]\nurl = "https://status.acme.example"\nplatform = "StatusPage"\ntags = ["Tier1"]\n'
        "[page.GitHub]\nmaintenance = false\n"
        '[[notify]]\nsink = "Webhook"\nname = "Ops"\nurl_env = "X"\nevents = ["New"]\npages = ["aCme"]\n'
        'tags = ["TIER1"]\nkinds = ["Incident"]\nmin_impact = "MINOR"\n'
        '[[mute]]\npage = "OPENAI"\nincident = "X"\n',
    )
    openai, acme, github = config.pages
    assert (openai.key, acme.key, github.key) == ("openai", "acme", "github")
    assert (acme.name, acme.platform, github.name) == ("ACME", "statuspage", catalog()["github"].name)
    assert (openai.kinds, openai.min_impact, config.assume_impact) == (("new",), Impact.MAJOR, Impact.UNKNOWN)
    (sink,) = config.notify
    assert (sink.sink, sink.name, sink.pages, sink.events) == (
        "webhook",
        "Ops",
        frozenset(("acme",)),
        frozenset(("new",)),
    )
    assert (sink.kinds, sink.min_impact, config.mutes[0].page) == (
        frozenset((IncidentKind.INCIDENT,)),
        Impact.MINOR,
        "openai",
    )
    assert chosen(config, "ACME", "acme") == ["acme"]
    assert [page.key for page in config.chosen(["OpenAI"])] == ["openai"]


def test_two_tables_of_one_key_are_refused(tmp_path: Path) -> None:
    """Contract 3.3c: as case does not matter, two tables of one page are a mistake, and so are two sinks of one
    name.
    """
    tables = '[page.acme]\nurl = "https://a.example"\n[page.Acme]\nurl = "https://b.example"'
    assert error_of(tmp_path, tables) == "FILE: page.Acme: another table has this key in another case: join them"
    sink = '[[notify]]\nsink = "webhook"\nurl_env = "X"\nname = '
    message = error_of(tmp_path, f"{ACME}{sink}'ops'\n{sink}'Ops'")
    assert message == "FILE: notify: 2 sinks are called 'ops': give each a `name` of its own"


@pytest.mark.parametrize("toml", ["", " \n", "# nothing yet\n"])
def test_an_empty_file_is_refused(tmp_path: Path, toml: str) -> None:
    """Contract 3.3: an empty file is exit 2, whether it was named or found."""
    message = 'FILE: empty: name the pages to watch, for example pages = ["openai"]'
    assert error_of(tmp_path, toml) == message
    with pytest.raises(UsageError):
        load_config(None, {}, tmp_path)


@pytest.mark.parametrize(
    "toml", ['state = "s.json"', "timeout = 3\npages = []", '[[notify]]\nsink="webhook"\nurl_env="X"']
)
def test_a_file_without_pages_is_refused(tmp_path: Path, toml: str) -> None:
    """Contract 3.3: a file without pages is exit 2: it does not watch the built-in default."""
    message = 'FILE: pages: no page to watch: name the pages to watch, for example pages = ["openai"]'
    assert error_of(tmp_path, toml) == message


def test_a_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    """Contract 3.3: a folder, or a broken link, in the file's place is exit 2, and not passed over."""
    (tmp_path / "statuswatch.toml").mkdir()
    with pytest.raises(UsageError, match=r"statuswatch\.toml: cannot be read: Is a directory"):
        load_config(None, {}, tmp_path)
    (tmp_path / "statuswatch.toml").rmdir()
    (tmp_path / "statuswatch.toml").symlink_to(tmp_path / "gone.toml")
    with pytest.raises(UsageError, match=r"statuswatch\.toml: cannot be read: No such file"):
        load_config(None, {}, tmp_path)


def test_a_removed_working_directory_is_no_bug(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract 2.4: a run in a folder that was replaced under it ends with an error that tells what to do."""
    folder = tmp_path / "release"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    with pytest.raises(UsageError, match="the working directory no longer exists: change to a folder that does"):
        working_folder()


def found_from(folder: Path, home: Path | None = None) -> str:
    """Return the file found from a folder, relative to the home folder or the folder above; "" for the default."""
    return load_config(None, {"HOME": str(home)} if home else {}, folder).source


@pytest.mark.parametrize("marker", ["folder", "file"])
def test_the_file_is_searched_up_to_the_repository(tmp_path: Path, marker: str) -> None:
    """Contract 3.2: the search goes up to and including the first folder that holds `.git`, a folder or a file."""
    root, deep = tmp_path / "root", tmp_path / "root" / "a" / "b"
    deep.mkdir(parents=True)
    (tmp_path / "statuswatch.toml").write_text('pages = ["npm"]')
    (root / ".git").mkdir() if marker == "folder" else (root / ".git").write_text("gitdir: elsewhere")
    assert found_from(deep) == ""
    (root / "statuswatch.toml").write_text('pages = ["npm"]\nstate = "s.json"')
    assert found_from(deep) == str(root / "statuswatch.toml")
    assert load_config(None, {}, deep).state == root / "s.json"
    (root / "a" / "pyproject.toml").write_text("[project]\nname = 'statuswatch-user'")
    assert found_from(deep) == str(root / "statuswatch.toml")
    (root / "a" / "pyproject.toml").write_text("[tool.statuswatch]\npages = ['npm']")
    assert found_from(deep) == str(root / "a" / "pyproject.toml")
    (root / "a" / "statuswatch.toml").write_text('pages = ["npm"]')
    assert found_from(deep) == str(root / "a" / "statuswatch.toml")


def test_the_file_is_searched_up_to_the_home_folder(tmp_path: Path) -> None:
    """Contract 3.2: the search ends at the home folder; outside it and a repository only the working directory
    counts.
    """
    home, deep = tmp_path / "home", tmp_path / "home" / "a" / "b"
    deep.mkdir(parents=True)
    (tmp_path / "statuswatch.toml").write_text('pages = ["npm"]')
    assert found_from(deep, home) == ""
    (home / "statuswatch.toml").write_text('pages = ["npm"]')
    assert found_from(deep, home) == str(home / "statuswatch.toml")
    assert found_from(deep) == ""
    assert found_from(deep, tmp_path / "elsewhere") == ""


def test_an_unrelated_project_is_passed_over(tmp_path: Path) -> None:
    """Contract 3.2: a pyproject.toml counts only with [tool.statuswatch]: a mistake in another one is none of ours."""
    (tmp_path / "pyproject.toml").write_text("this is not even TOML")
    assert found_from(tmp_path) == ""
    (tmp_path / "pyproject.toml").write_text("[tool.statuswatch]")
    with pytest.raises(UsageError, match=r"pyproject\.toml: empty: "):
        found_from(tmp_path)


def test_a_file_that_is_no_text_or_not_there_is_refused(tmp_path: Path) -> None:
    """Contract 3.1: a configuration that was named and cannot be read is exit 2 with the file, never the next
    source.
    """
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    (tmp_path / "statuswatch.toml").write_text('pages = ["openai"]')
    messages, name_another = {}, "name a file that this user can read"
    for name in ("binary.toml", "missing.toml", "."):
        for flag, env in ((tmp_path / name, {}), (None, {"STATUSWATCH_CONFIG": str(tmp_path / name)})):
            with pytest.raises(UsageError) as caught:
                load_config(flag, env, tmp_path)
            messages[name] = str(caught.value).replace(str(tmp_path), "FOLDER")
    assert messages == {
        "binary.toml": "FOLDER/binary.toml: not UTF-8 text: save the file as UTF-8",
        "missing.toml": f"FOLDER/missing.toml: cannot be read: No such file or directory: {name_another}",
        ".": f"FOLDER: cannot be read: Is a directory: {name_another}",
    }


@pytest.mark.parametrize("table", ["[tool]\nstatuswatch = 3", '[[tool.statuswatch]]\npages = ["npm"]'])
def test_our_table_must_be_a_table(tmp_path: Path, table: str) -> None:
    """Contract 3.1: a mistaken [tool.statuswatch] is refused, and never taken for none."""
    (tmp_path / "pyproject.toml").write_text(table)
    with pytest.raises(UsageError, match=re.escape(f"{tmp_path / 'pyproject.toml'}: tool.statuswatch: ")):
        load_config(None, {}, tmp_path)


def test_a_named_pyproject_must_have_our_table(tmp_path: Path) -> None:
    """Contract 3.1: a configuration that was named and says nothing to us is a mistake, not the built-in default."""
    with pytest.raises(UsageError, match=re.escape("[tool.statuswatch]")):
        load(tmp_path, '[project]\nname = "x"\n', "pyproject.toml")


def test_a_bad_table_in_pyproject_names_that_file(tmp_path: Path) -> None:
    """Section 3: the same keys and the same answers in pyproject.toml."""
    (tmp_path / "pyproject.toml").write_text('[tool.statuswatch]\npages = ["opnai"]\n')
    with pytest.raises(UsageError) as caught:
        load_config(None, {}, tmp_path)
    place = tmp_path / "pyproject.toml"
    assert str(caught.value) == f"{place}: pages: the catalog has no page 'opnai': did you mean 'openai'?"


def test_pages_are_chosen_among_those_configured(tmp_path: Path) -> None:
    """Contract 2.5c: PAGE is a key of a configured page, each once; any other page is for a single look."""
    config = load(tmp_path, f'pages = ["npm", "github"]\n{ACME}')
    assert chosen(config, "acme", "npm", "acme") == ["npm", "acme"]
    with pytest.raises(UsageError) as caught:
        select_pages(config, ["gihub"])
    assert str(caught.value) == f"unknown page 'gihub' ({config.source}): did you mean 'github'?"
    assert not select_pages(config, ["npm"]).single_look
    assert select_pages(config, ["npm", "openai"]).single_look
    assert chosen(config, "openai") == ["openai"]


def test_without_configuration_pages_are_chosen_in_the_catalog(tmp_path: Path) -> None:
    """Contract 2.5c: without any configuration PAGE is a key of the catalog."""
    config = load_config(None, {}, tmp_path)
    assert set(catalog()) - set(keys(config))
    assert chosen(config, *sorted(catalog())) == sorted(catalog())
    with pytest.raises(UsageError) as caught:
        select_pages(config, ["opnai"])
    assert str(caught.value) == "unknown page 'opnai' (catalog): did you mean 'openai'?"


def test_our_own_configuration_loads() -> None:
    """Section 3: the repository watches with its own [tool.statuswatch], OpenAI first."""
    root = Path(__file__).parents[2]
    config = load_config(None, {}, root)
    assert config.source == str(root / "pyproject.toml")
    assert keys(config)[0] == "openai"
    assert len(config.pages) >= 11
    assert config.state == root / "state.json"


def test_every_page_of_the_catalog_can_be_configured(tmp_path: Path) -> None:
    """Section 3: whatever key the catalog has may be listed, and comes as the catalog has it."""
    listed = ", ".join(f'"{key}"' for key in catalog())
    assert load(tmp_path, f"pages = [{listed}]").pages == tuple(catalog().values())


def test_an_impact_may_be_assumed(tmp_path: Path) -> None:
    """Contract 3.6: `assume_impact` is `unknown` unless the file says otherwise, and reaches every sink."""
    assert load(tmp_path, 'pages = ["npm"]').assume_impact is Impact.UNKNOWN
    config = load(tmp_path, f'assume_impact = "minor"\n{HOOK}')
    assert (config.assume_impact, config.notify[0].assume_impact) == (Impact.MINOR, Impact.MINOR)


@pytest.mark.parametrize(
    ("lines", "selected"),
    [("", set()), ('tags = ["tier1"]', {"github"}), ('pages = ["npm"]', {"npm"})],
)
def test_tags_select_pages(tmp_path: Path, lines: str, selected: set[str]) -> None:
    """Contract 7.5: a sink with `tags` receives the events of the pages that have one of them."""
    assert load(tmp_path, f"{HOOK}\n{lines}").notify[0].pages == selected


def test_every_filter_of_a_sink_must_match(tmp_path: Path) -> None:
    """Contract 7.5: with `pages` and `tags` a page must be in both."""
    both = HOOK.replace("[page.github]", '[page.npm]\ntags = ["ci"]\n[page.github]')
    sink = load(tmp_path, f'{both}\npages = ["npm", "github"]\ntags = ["ci"]').notify[0]
    assert sink.pages == {"npm"}


@pytest.mark.parametrize(
    ("sink", "lines", "kinds"),
    [
        ("webhook", "", {"incident", "maintenance", "page"}),
        ("webhook", 'kinds = ["page"]', {"page"}),
        ("pagerduty", "", {"incident"}),
        ("pagerduty", 'kinds = ["incident", "page"]', {"incident", "page"}),
        ("pagerduty", "maintenance = true", {"incident", "maintenance"}),
    ],
)
def test_kinds_of_a_sink(tmp_path: Path, sink: str, lines: str, kinds: set[str]) -> None:
    """Contract 7.5: `kinds` are all by default, and incidents alone for PagerDuty; a `maintenance = true` is heeded."""
    option = "routing_key_env" if sink == "pagerduty" else "url_env"
    table = f'[[notify]]\nsink = "{sink}"\n{option} = "KEY"\n{lines}'
    assert load(tmp_path, f'pages = ["npm"]\n{table}').notify[0].kinds == kinds


def test_mutes(tmp_path: Path) -> None:
    """Contract 7.6.2: a mute names a page and an incident; a shared incident is muted by its page key."""
    config = load(tmp_path, f'{MUTE}\nuntil = 2026-12-24T01:00:00+01:00\n[[mute]]\npage = "host:a.b"\nincident = "*"')
    dated, shared = config.mutes
    assert dated.until == datetime(2026, 12, 24, tzinfo=UTC) and shared.until is None
    assert dated.names("npm", "x", "Login") and not dated.names("npm", "y", "Login")
    assert shared.names("host:a.b", "any", "3 of 3 pages cannot be read")
