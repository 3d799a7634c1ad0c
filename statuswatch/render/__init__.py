"""A report made readable: for a terminal, for programs, for GitHub.

Pure. Each module makes vendor text inert in its own language.
"""
