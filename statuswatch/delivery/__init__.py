"""Delivery: which events are due to which sinks, sending them, and what waits for the next run."""
