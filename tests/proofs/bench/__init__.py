"""The cost of a whole run of the command, beside references measured in the same minute: `python -m tests.proofs.bench`."""
