"""AWS bills: Data Exports (CUR 2.0) and the legacy Cost and Usage Report."""
