"""AWS: the export of a payer account's bills, and who may read it."""
