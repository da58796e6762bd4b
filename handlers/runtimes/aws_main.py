"""The file that Lambda starts from: its handler is handlers.runtimes.aws_main.handle."""

from handlers.runtimes.aws import entry_point

handle = entry_point()
