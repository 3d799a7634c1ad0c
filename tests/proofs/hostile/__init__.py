"""Origins that misbehave on purpose, and the command that reads them: every behaviour is a row of a table."""
