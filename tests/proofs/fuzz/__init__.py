"""Documents with anything in them, against the laws of a page: `python -m tests.proofs.fuzz`."""
