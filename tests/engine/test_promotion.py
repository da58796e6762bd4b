"""The engine as promotion meets it: the real executable, through the Automation API."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from infra.guard.preview import Op, read_preview
from infra.promotion.environment import EngineFailed
from infra.promotion.pulumi_engine import PulumiEngine
from tests.engine.conftest import NewStack
from tests.engine.login import logged_in
from tests.engine.phase1 import new_environment
from tests.engine.stack import Stack

pytestmark = [pytest.mark.engine, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def made(new_stack: NewStack) -> Stack:
    stack = new_environment(new_stack)
    stack.up()
    return stack


@pytest.fixture
def engine(made: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[PulumiEngine]:
    """The engine of that stack, for whoever is logged in to its backend."""
    with logged_in(made) as variables:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        yield PulumiEngine(made.name, made.project, lambda _: None)


def test_keys_go_into_the_stacks_own_file_and_the_engine_reads_them(
    made: Stack, engine: PulumiEngine
) -> None:
    before = made.configuration.read_text(encoding="utf-8")
    keys = {"phase": 1, "dual_run": False, "migrated_customers": ["0123", "acme"]}
    try:
        engine.write(keys)
        assert engine.keys() == keys
        shown = made.run("config", "get", "migrated_customers").text
        assert shown.strip() == '["0123","acme"]'
    finally:
        made.configuration.write_text(before, encoding="utf-8")


def test_what_the_program_exports_is_read_without_its_secrets(engine: PulumiEngine) -> None:
    assert engine.outputs() == {
        "dataset": "demo-costs.multi_cloud_costs",
        "grafana": "https://grafana.example.com",
    }


def test_protection_is_taken_off_what_is_named_and_nothing_else(
    made: Stack, engine: PulumiEngine
) -> None:
    buckets = [
        urn
        for urn, each in made.resources().items()
        if each["type"] == "aws:s3/bucket:Bucket" and each.get("protect")
    ]
    assert buckets
    engine.release(buckets[:1])
    protected = {urn for urn, each in made.resources().items() if each.get("protect")}
    assert buckets[0] not in protected
    assert protected
    made.up()


def test_a_lock_of_somebody_else_is_told_with_where_to_read_on(
    made: Stack, engine: PulumiEngine
) -> None:
    folder = made.folder / "state" / ".pulumi" / "locks" / "organization" / "ai-cost-monitoring"
    lock = folder / made.name / "0000.json"
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.write_text('{"pid": 1, "username": "somebody", "hostname": "elsewhere"}', encoding="utf-8")
    try:
        with pytest.raises(EngineFailed, match=r"locked|somebody else"):
            engine.release([next(iter(made.resources()))])
    finally:
        lock.unlink()


def test_a_stack_that_is_not_there_is_an_error_with_the_engines_reason(
    engine: PulumiEngine,
) -> None:
    with pytest.raises(EngineFailed, match="no stack named 'other'"):
        PulumiEngine("other", engine.folder, lambda _: None).outputs()


def test_the_engines_own_preview_and_update_are_those_of_the_program(
    made: Stack, engine: PulumiEngine
) -> None:
    said: list[str] = []
    engine = replace(engine, say=said.append)
    before = made.configuration.read_text(encoding="utf-8")
    try:
        made.configure({"notify": ["mailto:others@example.com"]})
        preview = read_preview(engine.preview())
        assert preview.errors == ()
        assert preview.of(Op.UPDATE)
        engine.up()
        assert any("updated" in line for line in said)
        assert not read_preview(engine.preview()).of(Op.UPDATE)
    finally:
        made.configuration.write_text(before, encoding="utf-8")


def test_an_update_that_fails_is_told_with_the_clouds_reason_and_ends_when_asked_again(
    made: Stack, engine: PulumiEngine
) -> None:
    made.cloud.expire_login("aws")
    try:
        with pytest.raises(EngineFailed, match=r"The update failed; .*the same command goes on"):
            engine.up()
    finally:
        made.cloud.renew_login("aws")
    engine.up()
