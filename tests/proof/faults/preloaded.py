"""What the process that children are forked from has imported; it starts nothing."""

import importlib

from handlers.catalog import load_catalog
from handlers.record import Cloud

for name in ("tests.handlers.load.runs", "tests.proof.faults.turns"):
    importlib.import_module(name)
load_catalog(Cloud.AWS)
