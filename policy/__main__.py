"""What the engine starts: offers the pack until the engine is done with it."""

import sys
from pathlib import Path


def main() -> None:
    """Serve the policies."""
    # The engine runs this folder as a program, and the policies lie beside it.
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

    from pulumi_policy import PolicyPack  # noqa: PLC0415 # pyright: ignore[reportMissingModuleSource]

    from policy.pack import pack_policies  # noqa: PLC0415

    PolicyPack(name="ai-cost-monitoring", policies=[*pack_policies()])


main()
