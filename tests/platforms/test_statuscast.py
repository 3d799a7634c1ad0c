"""StatusCast."""

import pytest

from statuswatch.model.page import Page
from statuswatch.platforms import statuscast
from tests.support.platform_sample import only
from tests.support.samples.statuscast import SAMPLE, feed, item


def test_items_of_one_incident() -> None:
    """4: items with the link of one incident are its updates; none states a status, so only words tell of an end."""
    incident = only(SAMPLE.read(), "706835")
    assert (incident.status, incident.status_unstated) == ("reported", True)
    assert [update.body for update in incident.updates] == ["Errors.", "We look into it."]
    assert only(SAMPLE.read(), "/697722/1583868").status == "resolved"
    unsure = feed(item(7, 8, "Fri, 06 Feb 2026 06:22:00", "Logins fail", "All is as before, we think."))
    assert not only(SAMPLE.read(feed=unsure), "/7/8").closed


@pytest.mark.parametrize("path", ["", "/rss"])
def test_the_address_of_the_feed(path: str) -> None:
    """3: the feed stands below the page, whose address may be the feed's own."""
    page = Page(key="acme", name="Acme", url=f"https://status.acme.example{path}")
    assert [document.url for document in statuscast.documents(page)] == ["https://status.acme.example/rss"]


def test_another_feed_at_that_address() -> None:
    """3: a feed at that address with links of another form is not StatusCast's."""
    assert statuscast.matches(SAMPLE.read()) and not statuscast.matches(SAMPLE.read(feed=feed()))
    other = feed(item(7, 8, "Fri, 06 Feb 2026 06:22:00", "Logins fail")).replace(b"/incident/7", b"/notes/7")
    assert not statuscast.matches(SAMPLE.read(feed=other))
