"""Queries of the hub: one name, one meaning, one tested result."""
