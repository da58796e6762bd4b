"""The file that Google's runtime starts from; it lies in the bundle's root as main.py."""

from handlers.runtimes.google import entry_point

handle = entry_point()
