"""The rules: what a read of a page comes to, and which events are reported. Pure; the clock is an argument."""
