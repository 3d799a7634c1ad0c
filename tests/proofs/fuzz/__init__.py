"""Documents nobody thought of, for every platform: found by coverage (`python -m tests.proofs.fuzz`), or in the suite by
chance.
"""
