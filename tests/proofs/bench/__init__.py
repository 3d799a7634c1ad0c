"""What a whole run of the command costs, beside a reference measured in the same minute: python -m tests.proofs.bench."""
