import pytest

from infra.stages import Phase, PilotOfNobody, Stage, contradictions, keys_of, stage_of


@pytest.mark.parametrize(
    ("phase", "dual_run", "customers", "stage"),
    [
        (1, False, [], Stage.SINGLE),
        (2, True, [], Stage.DUAL),
        (2, True, ["acme"], Stage.PILOT),
        (2, True, ["*"], Stage.ALL),
        (2, False, ["*"], Stage.NATIVE),
    ],
)
def test_the_keys_of_a_stage_describe_it(
    phase: int, dual_run: bool, customers: list[str], stage: Stage
) -> None:
    assert stage_of(Phase(phase), customers, dual_run=dual_run) is stage
    assert contradictions(Phase(phase), customers, dual_run=dual_run) == []
    assert keys_of(stage, customers) == {
        "phase": phase,
        "dual_run": dual_run,
        "migrated_customers": customers,
    }


@pytest.mark.parametrize(
    ("phase", "dual_run", "customers", "said"),
    [
        (1, True, [], "is true in phase 1"),
        (1, False, ["acme"], "names customers in phase 1"),
        (2, True, ["*", "acme"], "names everyone and single customers"),
        (2, False, [], "the old path, which would serve the others, is no longer filled"),
        (2, False, ["acme"], "is no longer filled"),
    ],
)
def test_keys_that_would_serve_a_dollar_twice_or_never_are_no_stage(
    phase: int, dual_run: bool, customers: list[str], said: str
) -> None:
    (found,) = contradictions(Phase(phase), customers, dual_run=dual_run)
    assert said in found.found


def test_a_pilot_is_of_somebody() -> None:
    with pytest.raises(PilotOfNobody, match="name its customers"):
        keys_of(Stage.PILOT)


def test_each_stage_leads_to_the_next_and_back() -> None:
    assert [stage.next for stage in Stage] == [*list(Stage)[1:], None]
    assert [stage.previous for stage in Stage] == [None, *list(Stage)[:-1]]
