"""Scopes that hold each other are refused before anything is read or written."""

from pathlib import Path

import pytest

from tests.conftest import RunHandlers
from tests.handlers.sources.aws.bills import Export, csv_bytes, lines
from tests.handlers.sources.azure.bills import SUBSCRIPTION, ea_bytes, export

pytestmark = pytest.mark.slow

ACCOUNT = "/providers/Microsoft.Billing/billingAccounts/8675309"
OTHER_SUBSCRIPTION = "22222222-2222-4222-8222-222222222222"


@pytest.fixture
def collect(tmp_path: Path, run_handlers: RunHandlers) -> "Collect":
    return Collect(tmp_path, run_handlers)


class Collect:
    """Collects the folder ``bills``, in which an AWS bill lies beside what a test puts there."""

    def __init__(self, folder: Path, run_handlers: RunHandlers) -> None:
        self.folder = folder
        self._run = run_handlers
        Export(folder / "bills").write(csv_bytes(lines()))
        (folder / "site").mkdir()
        rates = "currency,month,rate\nEUR,2026-11,0.86\nEUR,2026-10,0.86\n"
        (folder / "site" / "rates.csv").write_text(rates, encoding="utf-8")

    def azure(self, name: str, resource: str, *lines: dict[str, str]) -> None:
        made = export(ea_bytes(*lines), rows=len(lines) or 1, name=name, resource=resource)
        made.write(self.folder / "bills")

    def __call__(self) -> tuple[int, str]:
        result = self._run(
            *("collect", "bills", "--warehouse", "duckdb:costs.duckdb", "--site", "site"),
            *("--now", "2026-11-21T06:00:00"),
        )
        assert "Traceback" not in result.stderr
        return result.returncode, result.stderr

    def ledger(self) -> str:
        return self._run("ledger", "--warehouse", "duckdb:costs.duckdb").stdout


@pytest.mark.parametrize(
    ("inner", "outer"),
    [
        (f"/subscriptions/{SUBSCRIPTION}", ACCOUNT),
        (f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg", f"/subscriptions/{SUBSCRIPTION}"),
        (f"{ACCOUNT}/departments/77", ACCOUNT),
    ],
)
def test_a_scope_beside_one_that_holds_it_stops_the_run_before_anything_is_written(
    inner: str, outer: str, collect: Collect
) -> None:
    collect.azure("inner", inner)
    collect.azure("outer", outer)

    code, errors = collect()

    assert code == 1
    assert "overlap: one holds the other" in errors
    for resource in (inner, outer):
        assert resource.rpartition("/")[2] in errors
    assert "The ledger is empty" in collect.ledger()


def test_the_overlap_is_known_by_the_line_of_either_bill(collect: Collect) -> None:
    # As in an export whose lines don't name the billing account.
    nameless = {"BillingAccountId": "", "BillingProfileId": ""}
    collect.azure("inner", f"/subscriptions/{SUBSCRIPTION}", nameless)
    collect.azure("outer", ACCOUNT, {})

    assert "overlap: one holds the other" in collect()[1]


def test_a_scope_beside_one_that_was_loaded_before_is_refused_at_start(collect: Collect) -> None:
    other = {"SubscriptionId": OTHER_SUBSCRIPTION}
    collect.azure("outer", ACCOUNT, other, {})
    assert collect()[0] == 0
    (collect.folder / "bills").rename(collect.folder / "loaded")
    nameless = {"BillingAccountId": "", "BillingProfileId": ""}
    collect.azure("inner", f"/subscriptions/{SUBSCRIPTION}", nameless)
    Export(collect.folder / "bills", month="2026-10").write(csv_bytes(lines()))
    before = collect.ledger()

    code, errors = collect()

    assert code == 1
    assert f"Azure {SUBSCRIPTION} and 8675309 overlap" in errors
    assert collect.ledger() == before


def test_scopes_beside_each_other_are_loaded(collect: Collect) -> None:
    mine = {"BillingProfileId": "P-1"}
    other = {"BillingProfileId": "P-2", "SubscriptionId": OTHER_SUBSCRIPTION}
    collect.azure("one", f"{ACCOUNT}/billingProfiles/P-1", mine)
    collect.azure("two", f"{ACCOUNT}/billingProfiles/P-2", other)

    assert collect() == (0, "")


def test_a_scope_that_replaced_another_from_one_month_on_is_loaded(collect: Collect) -> None:
    collect.azure("outer", ACCOUNT)
    october = export(
        ea_bytes({"Date": "10/05/2026"}), name="inner", period="20261001-20261031",
        resource=f"/subscriptions/{SUBSCRIPTION}", submitted="2026-11-05T05:00:00Z",
    )  # fmt: skip
    october.write(collect.folder / "bills")

    assert collect() == (0, "")


def test_what_the_first_lines_do_not_tell_is_refused_when_it_is_read(collect: Collect) -> None:
    nameless = {"BillingAccountId": "", "BillingProfileId": ""}
    other = nameless | {"SubscriptionId": OTHER_SUBSCRIPTION}
    collect.azure("inner", f"{ACCOUNT}/departments/77", nameless)
    collect.azure("outer", f"{ACCOUNT}/departments/78", other, nameless)

    code, errors = collect()

    assert code == 1
    assert f"overlap: both hold {SUBSCRIPTION}" in errors
