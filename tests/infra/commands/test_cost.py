from decimal import Decimal
from pathlib import Path

from infra.cost import PriceList, estimate, read_prices
from infra.recording import Recorded, Recording

PRICES = """
expected.1 = { low = "25", high = "35" }

[price.job]
title = "Jobs"
amount = "0.10"
unit = "job-month"
free = "3"
date = 2026-01-31
source = "https://example.com/jobs"

[price.storage]
title = "Storage"
amount = "0.02"
unit = "GiB-month"
date = 2026-01-31
source = "https://example.com/storage"

[price.cold]
title = "Cold storage"
amount = "0.001"
unit = "GiB-month"
date = 2026-01-31
source = "https://example.com/storage"

[[usage]]
type = "cloud:Job"
price = "job"
quantity = ["1"]
assumption = "one job"

[[usage]]
type = "cloud:Bucket"
price = "storage"
quantity = ["2.5", "10"]
assumption = "10 copies of 2.5 GiB"

[[usage]]
type = "cloud:Bucket"
price = "cold"
quantity = ["40"]
where = { storageClass = "ARCHIVE" }
assumption = "40 GiB"

[[nothing]]
types = ["ours:*", "cloud:Grant", "pulumi:*"]
reason = "free"
"""


def registered(type_: str, name: str, parent: str = "", **inputs: str) -> Recorded:
    return Recorded(
        urn=name,
        type=type_,
        name=name,
        custom=type_.startswith("cloud:"),
        parent=parent,
        provider="",
        protect=False,
        retain_on_delete=False,
        dependencies=(),
        inputs=inputs,
        import_id="",
        aliases=(),
        ignore_changes=(),
        delete_before_replace=False,
        replace_on_changes=(),
    )


def recording(*resources: Recorded) -> Recording:
    return Recording(resources=resources, registered_outputs=frozenset(), outputs={})


def price_list(tmp_path: Path) -> PriceList:
    file = tmp_path / "prices.toml"
    file.write_text(PRICES, encoding="utf-8")
    return read_prices(file)


def test_a_month_is_quantity_times_price_less_what_is_given_away_once(tmp_path: Path) -> None:
    found = estimate(
        recording(
            *(registered("cloud:Job", f"job-{number}") for number in range(5)),
            registered("cloud:Bucket", "warm"),
        ),
        price_list(tmp_path),
    )

    assert found.gross == Decimal("1.00")  # 5 jobs at 0.10 and 25 GiB at 0.02
    assert [one.usd for one in found.allowances] == [Decimal("0.30")]  # 3 of the 5 jobs
    assert found.total == Decimal("0.70")


def test_no_more_is_given_away_than_is_used(tmp_path: Path) -> None:
    found = estimate(recording(registered("cloud:Job", "one")), price_list(tmp_path))

    assert found.gross == Decimal("0.10")
    assert found.total == 0


def test_a_usage_for_certain_inputs_takes_the_place_of_the_general_one(tmp_path: Path) -> None:
    archive = registered("cloud:Bucket", "archive", storageClass="ARCHIVE")

    found = estimate(recording(archive), price_list(tmp_path))

    assert found.total == Decimal("0.040")  # 40 GiB at 0.001, and not 25 at 0.02


def test_a_cost_belongs_to_the_innermost_component(tmp_path: Path) -> None:
    outer = registered("ours:Hub", "hub")
    inner = registered("ours:Storage", "storage", parent="hub")
    bucket = registered("cloud:Bucket", "bucket", parent="storage")
    grant = registered("cloud:Grant", "grant", parent="bucket")
    job = registered("cloud:Job", "job", parent="hub")

    found = estimate(recording(outer, inner, bucket, grant, job), price_list(tmp_path))

    assert found.of(inner) == Decimal("0.50")
    assert found.of(outer) == Decimal("0.10")


def test_a_type_without_a_price_is_reported_and_not_taken_for_free(tmp_path: Path) -> None:
    found = estimate(
        recording(
            registered("cloud:Grant", "grant"),
            registered("cloud:Database", "one"),
            registered("cloud:Database", "two"),
        ),
        price_list(tmp_path),
    )

    assert found.unknown == {"cloud:Database": 2}


def test_four_daily_jobs_at_the_shipped_prices_come_to_the_sum_counted_by_hand() -> None:
    prices = read_prices()
    jobs = [registered("gcp:cloudscheduler/job:Job", f"job-{number}") for number in range(4)]
    functions = [
        registered("gcp:cloudfunctionsv2/function:Function", f"function-{number}")
        for number in range(4)
    ]

    found = estimate(recording(*jobs, *functions), prices)

    # 4 jobs at 0.10; 4 x 30.4 runs x 300 s, of which a third of a vCPU at 0.000024 and half a GiB
    # at 0.0000025; 4 x 0.4 GiB of images at 0.10; 4 x 0.0304 GiB of logs at 0.50.
    # 0.40 + 0.291810816 + 0.0456 + 0.16 + 0.0608
    assert found.gross == Decimal("0.958210816")
    # Left: one job of four, and 1.1 GiB of images.
    assert found.total == Decimal("0.21")


def test_every_shipped_price_has_a_date_and_the_vendors_page() -> None:
    usages = read_prices().usages

    assert usages
    for usage in usages:
        assert usage.price.date.year >= 2026
        assert usage.price.source.startswith("https://")
        assert usage.price.amount > 0
        assert usage.quantity > 0
        assert usage.assumption
