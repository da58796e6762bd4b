import pytest

from infra.stages import Phase, Stage, StageContradicted, keys_of, stage_of


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
    assert keys_of(stage, customers) == {
        "phase": phase,
        "dual_run": dual_run,
        "migrated_customers": customers,
    }


@pytest.mark.parametrize(
    ("phase", "dual_run", "customers", "said"),
    [
        (1, True, [], "Phase 1 has one path"),
        (1, False, ["acme"], "Phase 1 has one path"),
        (2, True, ["*", "acme"], "beside others"),
        (2, False, [], "would see no new cost"),
        (2, False, ["acme"], "would see no new cost"),
    ],
)
def test_keys_that_would_serve_a_dollar_twice_or_never_are_no_stage(
    phase: int, dual_run: bool, customers: list[str], said: str
) -> None:
    with pytest.raises(StageContradicted, match=said):
        stage_of(Phase(phase), customers, dual_run=dual_run)


def test_a_pilot_is_of_somebody() -> None:
    with pytest.raises(StageContradicted, match="name its customers"):
        keys_of(Stage.PILOT)


def test_each_stage_leads_to_the_next_and_back() -> None:
    assert [stage.next for stage in Stage] == [*list(Stage)[1:], None]
    assert [stage.previous for stage in Stage] == [None, *list(Stage)[:-1]]
