"""What uninstall asks of the engine, on the real engine: all but what is protected goes."""

import pytest

from tests.engine.conftest import NewStack
from tests.engine.phase2 import HUB, new_environment

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.timeout(300)]

UNPROTECTED = "--exclude-protected"


def test_what_holds_data_stays_the_rest_goes_and_an_up_brings_it_back(
    new_stack: NewStack,
) -> None:
    stack = new_environment(new_stack)
    stack.configure(HUB)
    stack.up()
    before = stack.resources()
    kept = {urn for urn, one in before.items() if one.get("protect")}
    assert len(kept) > 20

    stack.destroy(UNPROTECTED)
    left = stack.resources()
    assert kept <= left.keys()
    assert not [one for one in left.values() if one["type"].endswith("function:Function")]
    assert not stack.cloud.of_type("gcp:cloudscheduler/job:Job")

    assert set(stack.up().counts()) <= {"create", "update"}
    assert stack.resources().keys() == before.keys()
