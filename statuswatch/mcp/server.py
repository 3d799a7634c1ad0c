"""The protocol around the tools, by the official SDK, which is imported when a server is made."""

import asyncio
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec

from statuswatch import __version__
from statuswatch.errors import StatuswatchError, UsageError
from statuswatch.mcp.tools import TOOLS, UNTRUSTED, Answer, Desk, Tool
from statuswatch.model.page import Page
from statuswatch.net.threads import run_in_daemon_thread

if TYPE_CHECKING:
    import mcp_types as types
    from mcp.server.context import ServerRequestContext
    from mcp.server.lowlevel import Server

    Context = ServerRequestContext[Any]

NAME: Final = "statuswatch"
MISSING: Final = "agents are answered by a package that is not installed: pip install 'statuswatch[mcp]'"
MAX_CALLS: Final = 4  # at a time: each reads pages with connections of its own
BOARD: Final = "statuswatch://board"
PAGE: Final = "statuswatch://page/"
JSON: Final = "application/json"
INSTRUCTIONS: Final = (
    "Read-only answers about the status pages of vendors. Unknown is not fine: say so where a page could not be read. "
    f"{UNTRUSTED}"
)
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
# What Markdown, HTML or a chat reads as more than text; an underscore inside a word is none of it.
_MARKUP: Final = re.compile(r"[<>&`*~|@#\[\]]|(?<![^\W_])_|_(?![^\W_])|(?<=:)//|(?<=www)\.")


def inert(answer: Answer) -> str:
    """Return the answer as JSON in which no text is markup, a link or a mention where a client renders it.

    What could be is spelled as JSON escapes it, so that the decoded text is the vendor's.
    """
    return _STRING.sub(lambda words: _MARKUP.sub(_escaped, words[0]), msgspec.json.encode(answer).decode())


def _escaped(mark: re.Match[str]) -> str:
    return "".join(f"\\u{ord(character):04x}" for character in mark[0])


class Handlers:
    """Answers the requests of the protocol. A call ends within so many seconds, whatever it waits for."""

    def __init__(self, desk: Desk, seconds: float) -> None:
        self._desk, self._seconds = desk, seconds
        self._turns = asyncio.Semaphore(MAX_CALLS)

    async def _ask(self, name: str, arguments: Mapping[str, Any]) -> Answer:
        """Return the answer of a tool. Raises StatuswatchError."""
        try:
            async with asyncio.timeout(self._seconds), self._turns:
                return await run_in_daemon_thread(lambda: self._desk.answer(name, arguments))
        except TimeoutError:
            raise UsageError(f"{name}: no answer within {self._seconds:g} s: ask about fewer pages") from None

    async def list_tools(self, _: "Context", __: object) -> "types.ListToolsResult":
        """List the tools, with the schemas of their arguments and answers."""
        import mcp_types as types

        return types.ListToolsResult(tools=[_described(name, tool) for name, tool in TOOLS.items()])

    async def call_tool(self, _: "Context", params: "types.CallToolRequestParams") -> "types.CallToolResult":
        """Answer a call. What goes wrong is an answer too, so that an agent can correct itself."""
        import mcp_types as types

        if params.name not in TOOLS:
            raise _invalid(f"unknown tool {params.name!r}: one of {', '.join(TOOLS)}")
        try:
            answer = await self._ask(params.name, params.arguments or {})
        except StatuswatchError as error:
            return types.CallToolResult(content=[types.TextContent(text=f"error: {error}")], is_error=True)
        return types.CallToolResult(content=[types.TextContent(text=inert(answer))], structured_content=answer)

    async def list_resources(self, _: "Context", __: object) -> "types.ListResourcesResult":
        """List the board, and each configured page."""
        import mcp_types as types

        pages = await run_in_daemon_thread(self._desk.shown)
        board = types.Resource(
            uri=BOARD, name="board", title="What is open now", description=TOOLS["status"].description, mime_type=JSON
        )
        return types.ListResourcesResult(resources=[board, *(_page_resource(page) for page in pages)])

    async def list_templates(self, _: "Context", __: object) -> "types.ListResourceTemplatesResult":
        """Describe the resource of any page of the catalog."""
        import mcp_types as types

        template = types.ResourceTemplate(
            uri_template=f"{PAGE}{{key}}",
            name="page",
            title="One status page",
            description=TOOLS["read_page"].description,
            mime_type=JSON,
        )
        return types.ListResourceTemplatesResult(resource_templates=[template])

    async def read_resource(
        self, _: "Context", params: "types.ReadResourceRequestParams"
    ) -> "types.ReadResourceResult":
        """Read the board or a page: the answers of `status` and `read_page`."""
        import mcp_types as types

        uri = str(params.uri)
        try:
            if uri == BOARD:
                answer = await self._ask("status", {})
            elif uri.startswith(PAGE):
                answer = await self._ask("read_page", {"page": uri.removeprefix(PAGE)})
            else:
                raise UsageError(f"unknown resource: {BOARD}, or {PAGE}KEY")
        except StatuswatchError as error:
            raise _invalid(str(error)) from None
        contents = types.TextResourceContents(uri=uri, mime_type=JSON, text=inert(answer))
        return types.ReadResourceResult(contents=[contents])


def _described(name: str, tool: Tool) -> "types.Tool":
    import mcp_types as types

    network = name not in ("history", "find_page")
    return types.Tool(
        name=name,
        title=tool.title,
        description=tool.description,
        input_schema=tool.input_schema(),
        output_schema=tool.output_schema(),
        annotations=types.ToolAnnotations(
            title=tool.title,
            read_only_hint=True,
            destructive_hint=False,
            idempotent_hint=True,
            open_world_hint=network,
        ),
    )


def _page_resource(page: Page) -> "types.Resource":
    import mcp_types as types

    return types.Resource(uri=f"{PAGE}{page.key}", name=page.key, title=page.name, description=page.url, mime_type=JSON)


def _invalid(problem: str) -> Exception:
    from mcp.shared.exceptions import MCPError
    from mcp_types import INVALID_PARAMS

    return MCPError(code=INVALID_PARAMS, message=f"error: {problem}")


def require_extra() -> None:
    """Raise UsageError where the SDK is not installed."""
    try:
        import mcp.server.lowlevel  # noqa: F401
    except ImportError:
        raise UsageError(MISSING) from None


def make_server(desk: Desk, seconds: float) -> "Server[Any]":
    """Return a server whose calls end within so many seconds. Raises UsageError where the SDK is not installed."""
    require_extra()
    from mcp.server.lowlevel import Server

    handlers = Handlers(desk, seconds)
    return Server(
        NAME,
        version=__version__,
        title="statuswatch",
        instructions=INSTRUCTIONS,
        on_list_tools=handlers.list_tools,
        on_call_tool=handlers.call_tool,
        on_list_resources=handlers.list_resources,
        on_list_resource_templates=handlers.list_templates,
        on_read_resource=handlers.read_resource,
    )


async def serve_stdio(server: "Server[Any]") -> None:
    """Serve on stdin and stdout until stdin ends. Stdout carries the protocol alone."""
    from mcp.server.stdio import stdio_server

    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())
