"""`python -m statuswatch` is the command `statuswatch`."""

from statuswatch.cli import main

main()
