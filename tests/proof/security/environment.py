"""Phase 2 as the program registers it, with an id of its own for every account and identity."""

import hashlib
from functools import cache
from typing import Any
from unittest.mock import patch

from pulumi.runtime.mocks import MockResourceArgs

from infra.commands.plan import planned
from infra.platform import build
from infra.recording import EchoCloud, Recorded, Recording, record
from infra.settings import SECRETS, Settings
from infra.stack_file import ROOT, read_stack

REPOSITORY = "acme@1/costs@2"

_ANSWER = EchoCloud.new_resource


@cache
def phase2() -> Recording:
    """The shipped stack of phase 2, after ``up``, with a repository whose workflows are trusted."""
    values = {
        **read_stack(ROOT / "Pulumi.phase2.yaml").values,
        "phase": "2",
        "ci_repository": REPOSITORY,
        "ci_state_key": "projects/a/locations/us-central1/keyRings/ai/cryptoKeys/state",
    }

    def program() -> None:
        build(Settings.load(), bundle_of=planned)

    with patch.object(EchoCloud, "new_resource", _told_apart):
        return record(program, values, secrets=SECRETS)


def google_id(name: str) -> str:
    """The unique id that Google gave the account registered under ``name``."""
    return "1" + str(int(hashlib.sha256(name.encode()).hexdigest(), 16))[:20]


def azure_id(name: str) -> str:
    """The object id that Azure gave the identity registered under ``name``."""
    digits = hashlib.sha256(name.encode()).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:32]}"


def named(name: str) -> Recorded:
    """The one resource registered under ``name``."""
    [found] = [one for one in phase2().resources if one.name == name]
    return found


def _told_apart(cloud: EchoCloud, args: MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
    identifier, answer = _ANSWER(cloud, args)
    own = {"uniqueId": google_id(args.name), "principalId": azure_id(args.name)}
    return identifier, {**answer, **own}
