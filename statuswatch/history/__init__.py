"""What was learned: the archive of events, incidents folded from it, and answers about the past."""
