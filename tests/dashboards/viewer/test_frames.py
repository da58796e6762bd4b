"""A column is drawn as the panel's overrides say, in the order in which they stand."""

from datetime import date
from decimal import Decimal

import pytest

from dashboards.viewer.frames import pattern, reduced, step_colour
from tests.dashboards.viewer.panels import panel, shown

FIRST, SECOND = date(2026, 11, 2), date(2026, 11, 3)
RED = {"mode": "fixed", "fixedColor": "#E02F44"}


def test_an_override_is_for_the_columns_that_it_names() -> None:
    of = panel(
        overrides={
            "cost": {"displayName": "Cost", "decimals": 2, "color": RED},
            "key": {"custom.hidden": True},
            "share": {"unit": "percentunit", "custom.cellOptions": {"type": "gauge"}},
        }
    )
    key, cost, share = shown(of, "key cost share", ("0a", Decimal(1), 0.5))
    assert (cost.title, cost.decimals, cost.colour, cost.unit) == (
        "Cost",
        2,
        "#E02F44",
        "currencyUSD",
    )
    assert (key.is_hidden, cost.is_hidden) == (True, False)
    assert (share.title, share.unit, share.cell_type, share.colour) == (
        "share", "percentunit", "gauge", None,
    )  # fmt: skip


def test_a_series_for_each_name_has_a_gap_where_a_day_has_none() -> None:
    time, acme, other = shown(
        panel("timeseries"),
        "time customer cost",
        (FIRST, "acme", Decimal(1)),
        (FIRST, "O'Brien", Decimal(2)),
        (SECOND, "acme", Decimal(3)),
    )
    assert (time.cells, acme.title, acme.cells) == (
        (FIRST, SECOND),
        "acme",
        (Decimal(1), Decimal(3)),
    )
    assert (other.title, other.cells) == ("O'Brien", (Decimal(2), None))


def test_a_pattern_finds_a_series_by_the_end_of_its_name() -> None:
    of = panel("timeseries", matcher="byRegexp", overrides={"/all others$/": {"color": RED}})
    _, acme, others = shown(of, "time customer cost", (FIRST, "acme", 1), (FIRST, "all others", 2))
    assert (acme.colour, others.colour) == (None, "#E02F44")


def test_a_series_of_several_labels_is_named_coloured_and_linked_by_each() -> None:
    link = [{"url": "/d/x?var-c=${__field.labels.key:percentencode}&${__url_time_range}"}]
    title = {"displayName": "${__field.labels.customer}", "links": link}
    rows = (FIRST, "c1", 'O"Brien', "a/1", 1), (FIRST, "", "all others", "", 2)
    of = panel("timeseries", matcher="byType", overrides={"number": title})
    _, brien, others = shown(of, "time colour customer key cost", *rows)
    assert (brien.title, brien.name) == ('O"Brien', 'O"Brien')
    assert brien.link == "/d/x?var-c=a%2F1&${__url_time_range}"
    # Written as @grafana/data writes a name of several labels.
    pattern = '/^cost \\{colour="c1", customer="O"Brien", key="a.1"\\}$/'
    of = panel("timeseries", matcher="byRegexp", overrides={pattern: {"color": RED}})
    _, brien, others = shown(of, "time colour customer key cost", *rows)
    assert (brien.colour, others.colour) == ("#E02F44", None)


def test_an_override_by_type_leaves_the_time_alone() -> None:
    label = {"displayName": "${__field.labels.customer}", "color": RED}
    of = panel("timeseries", matcher="byType", overrides={"number": label})
    time, acme = shown(of, "time customer cost", (FIRST, "acme", 1))
    assert (time.title, time.colour, acme.title, acme.colour) == ("time", None, "acme", "#E02F44")


def test_a_matcher_that_nobody_knows_is_an_error() -> None:
    with pytest.raises(ValueError, match="no matcher 'byValue'"):
        shown(panel(matcher="byValue", overrides={"cost": {}}), "cost", (1,))


def test_the_highest_threshold_reached_gives_the_colour() -> None:
    steps = [{"value": None, "color": "text"}, {"value": 0.8, "color": "#E02F44"}]
    (used,) = shown(panel(overrides={"used": {"thresholds": {"steps": steps}}}), "used", (0.1,))
    told = [step_colour(used, value) for value in (0.79, 0.8, 2, None)]
    assert told == ["text", "#E02F44", "#E02F44", None]


def test_a_legend_adds_up_cents_without_loss() -> None:
    cells = [Decimal("0.1")] * 3 + [None, Decimal("0.2")]
    assert [reduced(cells, name) for name in ("sum", "max", "lastNotNull")] == [
        Decimal("0.5"), Decimal("0.2"), Decimal("0.2"),
    ]  # fmt: skip
    assert [reduced([None], name) for name in ("sum", "max", "lastNotNull")] == [None, None, None]


def test_a_plain_text_is_a_whole_name_and_a_pattern_is_one() -> None:
    assert pattern("a.c").search("a.c")
    assert not pattern("a.c").search("abc")
    assert pattern("/^c.*t$/").search("cost")
