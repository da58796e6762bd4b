"""How fast bills are collected and what memory that takes: ``python -m tools.bench``."""
