"""The plain program that statuswatch is compared to: fetch, `json.loads`, nothing else.

`python aiohttp_gather.py FILE`, a line of addresses for each page, which are requested in that order. As aiohttp is
mostly used: one session, a connector of 100 (its default), one gather over all pages.
"""

import asyncio
import json
import ssl
import sys
from pathlib import Path

import aiohttp


async def main(pages: list[list[str]]) -> None:
    connector = aiohttp.TCPConnector(limit=100, ssl=ssl.create_default_context())
    async with aiohttp.ClientSession(connector=connector) as session:

        async def read(addresses: list[str]) -> None:
            for address in addresses:
                async with session.get(address, headers={"Accept-Encoding": "gzip"}) as response:
                    response.raise_for_status()
                    json.loads(await response.read())

        await asyncio.gather(*map(read, pages))


asyncio.run(main([line.split() for line in Path(sys.argv[1]).read_text().splitlines()]))
