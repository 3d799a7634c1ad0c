"""The board, seen by a real browser."""
