"""A monitor as it is mostly begun: aiohttp, a coroutine for each page, everything parsed and kept.

`python aiohttp_monitor.py FILE`, a line of addresses for each page, which are requested in that order. Every document
is decoded, its incidents and updates become objects, and all of that stays in memory. It reports and saves nothing.
"""

import asyncio
import json
import ssl
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp


@dataclass
class Update:
    """A message of an incident."""

    id: str
    status: str
    body: str
    created_at: datetime


@dataclass
class Incident:
    """An incident with its updates."""

    id: str
    name: str
    status: str
    updates: list[Update]


@dataclass
class Document:
    """A document of a page: decoded, and its incidents."""

    content: Any
    incidents: dict[str, Incident]


def statuspage(content: Any) -> dict[str, Incident]:
    return {
        entry["id"]: Incident(
            entry["id"],
            entry["name"],
            entry["status"],
            [
                Update(one["id"], one["status"], one["body"], datetime.fromisoformat(one["created_at"]))
                for one in entry["incident_updates"]
            ],
        )
        for entry in content.get("incidents", ())
    }


def betterstack(content: Any) -> dict[str, Incident]:
    included = content["included"]
    updates = {
        one["id"]: Update(
            one["id"],
            one["attributes"]["affected_resources"][0]["status"],
            one["attributes"]["message"],
            datetime.fromisoformat(one["attributes"]["published_at"]),
        )
        for one in included
        if one["type"] == "status_update"
    }
    return {
        one["id"]: Incident(
            one["id"],
            one["attributes"]["title"],
            one["attributes"]["aggregate_state"],
            [updates[link["id"]] for link in one["relationships"]["status_updates"]["data"]],
        )
        for one in included
        if one["type"] == "status_report"
    }


async def main(pages: list[list[str]]) -> dict[str, Document]:
    found: dict[str, Document] = {}
    connector = aiohttp.TCPConnector(limit=100, ssl=ssl.create_default_context())
    async with aiohttp.ClientSession(connector=connector) as session:

        async def watch(addresses: list[str]) -> None:
            for address in addresses:
                async with session.get(address, headers={"Accept-Encoding": "gzip"}) as response:
                    response.raise_for_status()
                    content = json.loads(await response.read())
                    found[address] = Document(content, (betterstack if "included" in content else statuspage)(content))

        await asyncio.gather(*map(watch, pages))
    return found


asyncio.run(main([line.split() for line in Path(sys.argv[1]).read_text().splitlines()]))
