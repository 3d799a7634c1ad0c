"""Searches of hypothesis are the same at every run, and no machine is too slow for them."""

from hypothesis import settings

settings.register_profile("steady", deadline=None, derandomize=True, database=None)
settings.load_profile("steady")
