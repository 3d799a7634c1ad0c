"""What a reading of the catalog's pages changes in `catalog.csv`."""

import re
from typing import Final

from statuswatch.catalog import Row
from statuswatch.model.page import Page

READ: Final = "read"  # the evidence of a row whose page statuswatch itself has read
_BLANKS: Final = re.compile(r"\s+")


def found_row(page: Page, row: Row | None, month: str = "") -> Row:
    """Return the row of a page as it was found in that month, with what the catalog has besides.

    No cell holds a comma, a quote or a line break: the file is one that git merges line by line.
    """
    return Row(
        key=page.key,
        name=_BLANKS.sub(" ", page.name.replace(",", "").replace('"', "")).strip(),
        url=_address(page.url),
        platform=page.platform,
        category=row.category if row else "",
        id=_address(page.id),
        aliases=row.aliases if row else "",
        evidence=READ if month else "",
        checked=f"{month} {READ}" if month else "",
    )


def _address(word: str) -> str:
    return _BLANKS.sub("", word.replace(",", "%2C").replace('"', "%22"))
