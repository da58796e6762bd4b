"""What people ask of a warehouse: questions as data in, rows out; nothing here writes."""
