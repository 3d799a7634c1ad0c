"""The nouns of the program. All are frozen, all times are aware and in UTC, all sequences are tuples.

A *status page* of a *vendor* runs on a *platform* and lists *incidents* with their *updates*. What changed about one
incident since the last run is an *event*; all of a run is a *report*; what is remembered is the *state*.
"""
