"""Oracle Cloud Infrastructure."""

from statuswatch.model.page import Page
from statuswatch.platforms import oracle
from tests.support.platform_sample import only
from tests.support.samples.oracle import DATE, SAMPLE, feed, item, update


def test_an_item_is_an_incident_with_its_updates() -> None:
    """4: an item lists the updates of its incident, in the form of Statuspage's feeds."""
    incident = only(SAMPLE.read(), "ocid1.incident.0001")
    assert incident.status == "identified"
    assert [update.status for update in incident.updates] == ["investigating", "identified"]
    assert only(SAMPLE.read(), "ocid1.incident.0002").closed


def test_the_title_names_service_and_region() -> None:
    """4: the component is the service with its region; a title of another form names none."""
    incident = only(SAMPLE.read(), "ocid1.incident.0001")
    assert [component.label for component in incident.components] == ["US East (Ashburn) - Compute"]
    plain = feed(item("ocid1.incident.0003", "Console", DATE, update("Investigating", 10, "09:00")))
    assert not only(SAMPLE.read(feed=plain), "ocid1.incident.0003").components


def test_the_address_of_the_feed() -> None:
    """3: the feed stands below the page, whose address may be the feed's own; any feed there is Oracle's."""
    for path in ("", "/api/v2/incident-summary.rss"):
        page = Page(key="acme", name="Acme", url=f"https://status.acme.example{path}")
        (document,) = oracle.documents(page)
        assert document.url == "https://status.acme.example/api/v2/incident-summary.rss"
    assert oracle.matches(SAMPLE.read())
