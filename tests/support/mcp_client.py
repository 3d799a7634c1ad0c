"""The official client of the Model Context Protocol. It is imported when a test asks: that takes half a second."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mcp import Client
    from mcp_types import CallToolResult

    Work = Callable[[Client], Awaitable[Any]]


def with_client(server: Any, work: Work, *, mode: str = "auto") -> Any:
    """Return what the work comes to that is done with a client of this server: an object, a command, or an address."""
    from mcp import Client

    async def run() -> Any:
        async with Client(server, mode=mode) as client:
            return await work(client)

    return asyncio.run(run())


def call_tools(server: Any, *questions: tuple[str, dict[str, Any]], mode: str = "auto") -> list[CallToolResult]:
    """Return what the client receives for each call; it checks every answer against the schema of its tool."""

    async def work(client: Client) -> list[CallToolResult]:
        await client.list_tools()
        return [await client.call_tool(name, arguments) for name, arguments in questions]

    results: list[CallToolResult] = with_client(server, work, mode=mode)
    return results


def refusal(server: Any, work: Work) -> str:
    """Return the words of the protocol's error that the work ends with."""
    from mcp import MCPError

    async def refused(client: Client) -> str:
        try:
            await work(client)
        except MCPError as error:
            return str(error)
        return ""

    words: str = with_client(server, refused)
    return words
