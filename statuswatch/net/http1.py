"""HTTP/1.1 without I/O: a response from the bytes of its server.

The grammar is that of llhttp, the parser of Node.js. Bounds, and what llhttp leaves to its user to refuse, stand here.
"""

from collections import deque
from typing import Final

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

MAX_HEAD: Final = 200_000  # bytes before the response: its headers, and any number of "100 Continue" before them
WITHOUT_BODY: Final = frozenset({204, 304})


class ProtocolError(Exception):
    """No HTTP/1.1 response, or one that contradicts itself."""


class ResponseParser:
    """One response. It is `complete` with the last byte of its body; `reusable` then states whether its connection is.

    `status` is 0 until all headers are there. The parts of the body are the caller's to take from `parts`.
    """

    def __init__(self) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.parts = deque[bytes]()
        self.complete = False
        self.reusable = False
        self._ends_with_connection = False
        self._fault = ""
        self._allowance = MAX_HEAD  # bytes that may come yet without a part of the body
        self._parser: HttpResponseParser | None = HttpResponseParser(self)
        self._parser.set_dangerous_leniencies(
            lenient_headers=True,  # folded ones: nginx sends a long policy as it stands in its configuration
            lenient_optional_cr_before_lf=True,
            lenient_spaces_after_chunk_size=True,  # old servers reserve room for the length
        )

    def feed(self, data: bytes) -> None:
        """Parse the next bytes. Raises ProtocolError."""
        if self._parser is None:
            raise ProtocolError("bytes after a response that was read")
        self._allowance -= len(data)
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            if not self.complete:
                raise ProtocolError(_message(error)) from error
            self.reusable = False  # after the response there are bytes to no request
        if self._fault:
            raise ProtocolError(self._fault)
        if self._allowance < 0 and not self.complete:
            missing = "part of the body in" if self.status else "answer in the first"
            raise ProtocolError(f"no {missing} {MAX_HEAD:,} bytes")

    def end(self) -> None:
        """Note that the server has closed the connection. Raises ProtocolError where the response is not complete."""
        self.reusable = False
        if self.complete:
            return
        if not self.status:
            raise ProtocolError("Server disconnected without sending a response.")
        if not self._ends_with_connection:
            raise ProtocolError("peer closed connection without sending complete message body")
        self.complete = True

    def close(self) -> None:
        """Drop the body and the parser, which refers to this object: nothing waits for a garbage collection."""
        self.parts.clear()
        self._parser = None

    # The parser calls these. An exception raised in one would come back as another: a fault is noted.

    def on_message_begin(self) -> None:
        """Note a second response, which answers no request."""
        if self.complete:
            self.reusable = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header. Trailers are passed over."""
        if self.status:
            return
        self.headers.append((name, value))
        if name.endswith((b" ", b"\t")) or b"\0" in value:
            self._fault = "a header that is none"

    def on_headers_complete(self) -> None:
        """Note the status, and where the body ends."""
        if self._parser is None or self.complete:
            return
        status = self._parser.get_status_code()
        if status < 200:  # "100 Continue": the response is yet to come
            self.headers.clear()
            return
        self.status = status
        self.reusable = self._parser.should_keep_alive()
        names = [name.lower() for name, _ in self.headers]
        codings = [value.lower() for name, value in self.headers if name.lower() == b"transfer-encoding"]
        if codings not in ([], [b"chunked"]):
            self._fault = "a transfer encoding other than chunked"
        self._ends_with_connection = not codings and b"content-length" not in names and status not in WITHOUT_BODY

    def on_body(self, part: bytes) -> None:
        """Keep a part of the body."""
        if self.status and not self.complete:
            self.parts.append(part)
            self._allowance = MAX_HEAD

    def on_message_complete(self) -> None:
        """Note the end of the response."""
        self.complete = self.status > 0


def _message(error: Exception) -> str:
    return "it switches to a protocol that was not requested" if isinstance(error, HttpParserUpgrade) else str(error)
