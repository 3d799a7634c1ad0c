"""The rules: which differences are events, and what is remembered. Pure."""
