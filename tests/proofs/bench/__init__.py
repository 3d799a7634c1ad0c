"""The cost of a whole run of the command, beside references measured then: `python -m tests.proofs.bench`."""
