"""Recorded histories of real pages, replayed and compared with an oracle that knows nothing of the program."""
