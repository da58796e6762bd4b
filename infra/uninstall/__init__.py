"""Taking an environment down: what is copied first, what stays, what goes."""
