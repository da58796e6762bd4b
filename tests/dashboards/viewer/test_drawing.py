"""What charts, tables and tiles make of fields."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import cast

from dashboards.viewer.charts import bar_chart, time_chart
from dashboards.viewer.colours import INKS, Theme
from dashboards.viewer.tables import grid
from dashboards.viewer.tiles import bars, tiles
from dashboards.viewer.times import read_range
from tests.dashboards.viewer.panels import panel, shown

NOW = datetime(2026, 11, 5, 23, tzinfo=UTC)
DAYS = read_range("2026-11-02", "2026-11-05", NOW)
HOSTILE = "<img src=x onerror=alert(1)>"
STACKED = {"custom": {"drawStyle": "bars", "stacking": {"mode": "normal"}}, "min": 0}


def test_a_day_without_a_row_is_a_gap_and_the_axis_has_the_whole_range() -> None:
    of = panel("timeseries", defaults=STACKED, options={"legend": {"calcs": ["sum", "max"]}})
    found = shown(of, "time aws", (date(2026, 11, 5), 2), (date(2026, 11, 3), Decimal("1.5")))
    chart = time_chart(of, found, DAYS, Theme.DARK)
    days = [f"2026-11-0{day}T00:00" for day in (2, 3, 4, 5)]
    assert chart.option["xAxis"]["data"] == days
    (aws,) = chart.option["series"]
    assert (aws["type"], aws["data"], aws["stack"]) == ("bar", [None, 1.5, None, 2.0], "A")
    assert chart.legend[0].numbers == (("$3.50", "$3.50"), ("$2", "$2.00"))
    assert chart.summary == "Cost. aws, $3.50, $2.00"


def test_days_that_stand_as_names_are_only_those_with_bars() -> None:
    of = panel("barchart", defaults={"min": 0}, options={"xField": "time"})
    rows = [(datetime(2026, 11, 3), "c", 1), (datetime(2026, 11, 9), "d", 2)]  # noqa: DTZ001 - as the SQL gives them
    chart = bar_chart(of, shown(of, "time model cost", *rows), Theme.DARK)
    assert chart.option["xAxis"]["data"] == ["Tue 3 Nov", "Mon 9 Nov"]
    assert [each["data"] for each in chart.option["series"]] == [[1, None], [None, 2]]


def test_hours_stand_where_they_are() -> None:
    of = panel("timeseries", defaults=STACKED)
    moments = [datetime(2026, 11, 3, hour) for hour in (5, 17)]  # noqa: DTZ001 - as the SQL gives them
    chart = time_chart(of, shown(of, "time aws", *((m, 1) for m in moments)), DAYS, Theme.DARK)
    assert chart.option["xAxis"]["data"] == ["2026-11-03T05:00", "2026-11-03T17:00"]


def test_credits_larger_than_costs_reach_below_zero() -> None:
    of = panel("timeseries", defaults=STACKED)
    day = date(2026, 11, 3)
    for value, least in ((1, 0), (-1, None)):
        chart = time_chart(of, shown(of, "time aws", (day, value)), DAYS, Theme.DARK)
        assert chart.option["yAxis"].get("min") == least


def test_the_band_lies_between_lower_and_upper_and_has_no_name() -> None:
    of = panel(
        "timeseries",
        defaults={"custom": {"drawStyle": "line"}},
        overrides={
            "lower": {"displayName": "Usual from"},
            "upper": {"custom.fillBelowTo": "Usual from", "custom.fillOpacity": 15},
        },
    )
    rows = [(date(2026, 11, 3), 10, 15), (date(2026, 11, 4), None, None)]
    chart = time_chart(of, shown(of, "time lower upper", *rows), DAYS, Theme.DARK)
    below, between = (each for each in chart.option["series"] if "stack" in each)
    assert (below["data"][1:3], between["data"][1:3]) == ([10, None], [5, None])
    assert (below["areaStyle"]["opacity"], between["areaStyle"]["opacity"]) == (0, 0.15)
    assert "name" not in between
    assert len(chart.series) == len(chart.legend) == 2


def test_a_dot_is_drawn_of_every_point_however_narrow_the_chart_is() -> None:
    of = panel("timeseries", overrides={"anomaly": {"custom.drawStyle": "points"}})
    chart = time_chart(of, shown(of, "time anomaly", (date(2026, 11, 3), 9)), DAYS, Theme.DARK)
    (dots,) = chart.option["series"]
    # https://echarts.apache.org/en/option.html#series-line.showAllSymbol: "auto" leaves dots out.
    assert (dots["showSymbol"], dots["showAllSymbol"]) == (True, True)


def test_a_bar_leads_where_its_row_leads() -> None:
    link = [{"url": "/d/cost-trends?x=${__data.fields.key}"}]
    of = panel(
        "barchart",
        options={"xField": "name", "orientation": "horizontal"},
        overrides={"aws": {"links": link}, "key": {"custom.hideFrom": {"viz": True}}},
    )
    chart = bar_chart(of, shown(of, "name key aws", ("a", "1", 3), (HOSTILE, "2", 1)), Theme.DARK)
    assert chart.option["yAxis"]["data"] == ["a", HOSTILE]
    assert [each["data"] for each in chart.option["series"]] == [[3, 1]]
    assert chart.link_at(0, 1) == (link[0]["url"], 1)
    assert (chart.link_at(0, 2), chart.link_at(1, 0)) == (None, None)
    assert chart.legend[0].link == ""


def test_a_name_from_a_bill_is_a_value_of_a_chart_and_never_a_key_or_code() -> None:
    of = panel("timeseries", defaults=STACKED)
    chart = time_chart(
        of, shown(of, "time name cost", (date(2026, 11, 3), HOSTILE, 1)), DAYS, Theme.DARK
    )

    def keys_and_code(value: object) -> list[str]:
        if isinstance(value, list):
            return [found for each in cast("list[object]", value) for found in keys_and_code(each)]
        if not isinstance(value, dict):
            return []
        said = cast("dict[str, object]", value)
        code = [str(each) for key, each in said.items() if key.startswith(":")]
        return [*said, *code, *(found for each in said.values() for found in keys_and_code(each))]

    assert HOSTILE in json.dumps(chart.option)
    assert not any("img" in each for each in keys_and_code(chart.option))


def test_a_table_sorts_by_whole_amounts_and_shows_short_ones() -> None:
    steps = {"steps": [{"value": None, "color": "text"}, {"value": 0.8, "color": "#E02F44"}]}
    of = panel(
        overrides={
            "name": {"unit": "string", "links": [{"url": "/d/x?n=${__data.fields.key}"}]},
            "key": {"custom.hidden": True},
            "used": {
                "unit": "percentunit",
                "thresholds": steps,
                "custom.cellOptions": {"type": "color-text"},
            },
            "cost": {"custom.cellOptions": {"type": "gauge"}, "min": 0},
        }
    )
    found = shown(
        of,
        "name key cost used",
        (HOSTILE, "1", Decimal("1000.25"), 0.5),
        ("b", "2", Decimal("250.0625"), 0.9),
        (None, "3", None, None),
    )
    table = grid(found, Theme.DARK, NOW, lambda _, row: f"/d/x?n={row}")
    assert [column["headerName"] for column in table["columnDefs"]] == ["name", "cost", "used"]
    first, second, third = table["rowData"]
    assert first["c0"] == first["c0:text"] == HOSTILE
    assert first["c0:link"] == "/d/x?n=0"
    assert (first["c1"], first["c1:text"], first["c1:full"]) == (1000.25, "$1.00K", "$1,000.25")
    assert (first["c1:share"], second["c1:share"]) == (1.0, 0.25)
    assert ("c2:colour" in second, second["c2:text"]) == (True, "90%")
    assert (third["c0:text"], third["c1"], third["c1:text"]) == ("-", "", "-")
    assert not any(key.startswith("c3") for key in first)


def test_a_text_that_may_wrap_makes_its_row_higher() -> None:
    of = panel(overrides={"reason": {"custom.cellOptions": {"type": "auto", "wrapText": True}}})
    found = shown(
        of, "name reason", ("a", "770 USD where 217 were expected and 90 to 400 are usual")
    )
    name, reason = grid(found, Theme.DARK, NOW, lambda _link, _row: None)["columnDefs"]
    assert (reason["wrapText"], reason["autoHeight"], reason["minWidth"]) == (True, True, 260)
    assert "wrapText" not in name


def test_a_tile_shows_the_column_that_the_panel_names() -> None:
    said = {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "/^cost$/"}, "colorMode": "value"}
    red = {"color": {"mode": "fixed", "fixedColor": "#E02F44"}}
    of = panel("stat", options=said, overrides={"cost": red})
    (tile,) = tiles(of, shown(of, "cost others", (Decimal("13912.341"), 9)), Theme.LIGHT, NOW)
    assert (tile.text, tile.full, tile.colour) == ("$13.9K", "$13,912.34", "#e02f44")
    red = {
        "thresholds": {"steps": [{"value": None, "color": "text"}, {"value": 1, "color": "#F00"}]}
    }
    (none,) = tiles(
        panel("stat", options=said, overrides={"cost": red}),
        shown(panel("stat", options=said, overrides={"cost": red}), "cost others", (0, 9)),
        Theme.LIGHT,
        NOW,
    )
    assert none.colour == INKS[Theme.LIGHT].text
    (empty,) = tiles(of, shown(of, "cost others", (None, 9)), Theme.LIGHT, NOW)
    assert (empty.text, empty.full) == ("no data", "")


def test_bars_share_one_scale_and_a_credit_has_none() -> None:
    of = panel("bargauge", options={"reduceOptions": {"calcs": ["lastNotNull"]}})
    found = bars(of, shown(of, "aws azure gcp", (200, 50, -1)), Theme.DARK, NOW)
    assert [(bar.name, bar.share) for bar in found] == [("aws", 1.0), ("azure", 0.25), ("gcp", 0.0)]
