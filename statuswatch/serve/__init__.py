"""The HTTP side of a process that stays running: the doorbell, health, metrics and the board. An extra."""
