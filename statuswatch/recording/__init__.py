"""Recordings: every response of a run as one JSON line, and back.

A recording is how a user reports a fault and how evidence is kept: `statuswatch replay` runs it through the same
pipeline. A line is one response: `{"run", "at", "page", "seq", "url", "status", "headers", "body"}`. `body_base64`
stands in for a `body` that is not text; `error` and `reason` stand in for `status` where there was no response. The
first line of a run lists its pages, with `partial` where it left out pages of the configuration. A recording that
begins with a state begins with a line that holds it.
"""
