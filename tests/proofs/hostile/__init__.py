"""An origin that means harm, and the command before it: every behaviour is a row of a table."""
