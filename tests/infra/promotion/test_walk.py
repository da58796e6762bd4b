"""Random walks over stages, loads, restatements and failures; each dollar is served once all along.

What holds after every step: each customer and month of a bill is served by one row, from the path
that the cut names, as that path's tables have it; and a plain update moves nobody.
"""

import contextlib
from collections.abc import Callable, Sequence
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handlers.alerts.hub import key_of
from handlers.cut import Cut, read_cut
from handlers.errors import CostError, UsageError
from handlers.parity import Books, compare
from handlers.record import Cloud
from handlers.serving import HUB_WAREHOUSE, NATIVE_WAREHOUSES
from infra.promotion.moves import make, planned, preflight
from infra.promotion.standing import standing
from infra.stages import Stage
from tests.infra.promotion.simulated import CUSTOMERS, MONTHS, SCOPES, Simulation, simulation

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

Action = Callable[[Simulation], None]


def move(target: str, customers: Sequence[str]) -> Action:
    def act(world: Simulation) -> None:
        found = standing(world.hub)
        stage = found.stage.next if target == "on" else found.stage.previous
        if stage is None:
            return
        environment = world.environment(parity_days=1)
        with contextlib.suppress(CostError):
            planned_move = planned(environment, stage, customers if stage is Stage.PILOT else ())
            preflight(environment, planned_move)
            make(environment, planned_move)

    return act


def restate(cloud: Cloud, month: int, cents: int, first: str) -> Action:
    """A new version, which one path loads before the other."""

    def act(world: Simulation) -> None:
        bill = (cloud, MONTHS[month])
        costs = {name: Decimal(cents) / 100 + n for n, name in enumerate(CUSTOMERS)}
        world.write(bill, f"{cents}", costs)
        paths = world.paths(cloud)
        for path in (
            paths
            if first == "all"
            else [p for p in paths if (p == HUB_WAREHOUSE) == (first == "hub")]
        ):
            world.load(bill, path)

    return act


def fail(world: Simulation) -> None:
    """The next update of the engine does not end well."""
    world.engine.failing.append("the stack is locked")


def deaf(world: Simulation) -> None:
    """The clouds' own collectors stop answering, or answer again."""
    world.deaf = not world.deaf


def plain_up(world: Simulation) -> None:
    """Somebody runs ``pulumi up`` by what the file says: the same dollars are served after it."""
    before = world.served()
    with contextlib.suppress(CostError):
        world.engine.up()
    assert world.served() == before


def day(world: Simulation) -> None:
    world.day()
    Books(world.hub).keep(compare(world.hub, tuple(SCOPES)), world.now)


actions = st.one_of(
    st.builds(
        move,
        st.sampled_from(["on", "on", "on", "back"]),
        st.lists(st.sampled_from(CUSTOMERS[:3]), min_size=1, max_size=2, unique=True),
    ),
    st.builds(
        restate,
        st.sampled_from(list(SCOPES)),
        st.integers(0, 1),
        st.integers(1, 9999),
        st.sampled_from(["hub", "native", "all"]),
    ),
    st.sampled_from([fail, deaf, plain_up, day, day, day]),
)


def is_native(cut: Cut, customer: str) -> bool:
    return cut.everyone or key_of(customer) in cut.keys


@settings(max_examples=30, suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large))
@given(walk=st.lists(actions, min_size=8, max_size=30))
def test_each_dollar_is_served_once_after_every_step_of_any_walk(walk: Sequence[Action]) -> None:
    world = simulation()
    for action in walk:
        action(world)
        cut = read_cut(world.hub)
        served = world.served()
        held = {path: world.held(path) for path in (HUB_WAREHOUSE, *NATIVE_WAREHOUSES.values())}
        for cloud in SCOPES:
            for customer in CUSTOMERS:
                native = is_native(cut, customer)
                path = NATIVE_WAREHOUSES[cloud] if native else HUB_WAREHOUSE
                for month in MONTHS:
                    key = (customer, cloud, month)
                    assert served.get(key) == held[path].get(key)
                    assert key in served, "a customer was moved to a path that has no costs"
    world.hub.connection.close()


def test_a_walk_reaches_the_end_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    del monkeypatch
    world = simulation()
    seen: list[Stage] = []
    for direction in ("on", "back"):
        for _ in range(4):
            day(world)
            day(world)
            move(direction, ["acme"])(world)
            seen.append(standing(world.hub).stage)
    assert seen == [
        Stage.DUAL,
        Stage.PILOT,
        Stage.ALL,
        Stage.NATIVE,
        Stage.ALL,
        Stage.PILOT,
        Stage.DUAL,
        Stage.SINGLE,
    ]
    with pytest.raises(UsageError):
        planned(world.environment(), Stage.SINGLE)
    world.hub.connection.close()
