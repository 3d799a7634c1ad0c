"""Delivering events to sinks, at least once."""
