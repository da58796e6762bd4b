"""The collector: the same package in every runtime and on a laptop."""
