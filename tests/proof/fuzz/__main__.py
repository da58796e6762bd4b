"""One fuzz target under atheris: python -m tests.proof.fuzz TARGET OPTION... CORPUS..."""

import importlib
import sys
from typing import Any

PARSERS = [
    "dashboards.viewer",
    "handlers.messages",
    "handlers.runtimes.aws",
    "handlers.runtimes.push",
    "handlers.scan.text_files",
    "handlers.site",
    "handlers.sources",
    "handlers.warehouses.redshift.jobs",
    "infra.reading",
    "infra.scopes",
    "infra.settings",
]
"""What is instrumented: to do it to everything takes longer than a short run."""


def main() -> None:
    """Fuzz until an option ends it; what crashes is written where -artifact_prefix says."""
    atheris: Any = importlib.import_module("atheris")  # in build/fuzz only
    with atheris.instrument_imports(include=PARSERS):
        from tests.proof.fuzz.targets import TARGETS  # noqa: PLC0415 - instrumented as it is read
    name = sys.argv.pop(1)
    atheris.Setup(sys.argv, TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
