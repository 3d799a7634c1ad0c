"""Each sink has a file of its own; the laws that hold for all of them are in test_contract."""
