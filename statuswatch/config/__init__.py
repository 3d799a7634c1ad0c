"""The configuration: a file, the environment and flags, made into one frozen `Config`."""
