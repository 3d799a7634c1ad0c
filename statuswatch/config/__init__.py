"""The configuration: find the file, read its tables, check them, and build one frozen `Config`."""
