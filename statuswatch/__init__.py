"""Reads vendors' status pages in one short run and says what changed since the last one."""

__version__ = "0.1.0"
