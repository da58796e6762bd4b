"""What ``python -m infra`` can do, a module for each command, named for it."""
