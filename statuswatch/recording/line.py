"""A line of a recording."""

from datetime import datetime
from typing import Any, Final

import msgspec

from statuswatch.model.incident import Impact
from statuswatch.model.state import SharedFailure


class RecordingLine(msgspec.Struct, omit_defaults=True):
    """One line. Which fields it has says what it is: a state, the pages of a run, or a response."""

    run: datetime | None = None
    at: datetime | None = None
    state: dict[str, msgspec.Raw] | None = None
    pages: list[Any] | None = None
    shared: dict[str, SharedFailure] | None = None
    partial: bool | None = None
    unread: list[Any] | None = None
    assume_impact: Impact = Impact.UNKNOWN
    page: str = ""
    seq: int = 0
    url: str = ""
    status: int | None = None
    headers: dict[str, str] = {}
    body: str | None = None
    body_base64: str | None = None
    error: str = ""
    reason: str = ""


decode_line: Final = msgspec.json.Decoder(RecordingLine).decode
encode_line: Final = msgspec.json.Encoder().encode
