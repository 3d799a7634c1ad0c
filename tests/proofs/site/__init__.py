"""The board of a simulated year, measured; and its ledger beside a count of recorded feeds."""
