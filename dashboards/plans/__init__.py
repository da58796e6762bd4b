"""The dashboards: what is on each, where, and what it asks."""
