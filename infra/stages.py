"""The phases of an environment. Which parts a phase has is decided in platform.py, nowhere else."""

from enum import IntEnum


class Phase(IntEnum):
    """How far an environment has come. A later phase holds every resource of an earlier one."""

    HUB = 1
    """Every cloud's costs are collected into BigQuery."""
    NATIVE = 2
    """Each cloud has its own warehouse; BigQuery stays Google's own and the hub."""
