"""A report made readable: for a terminal, for programs, for GitHub. Pure; each makes vendor text inert in its own
language.
"""
