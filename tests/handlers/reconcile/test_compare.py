"""What explains a difference, on amounts counted by hand."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.ledger import LedgerRow, Status
from handlers.reconcile import Reason, SaidBy, Statement, compare, of_invoices
from handlers.reconcile.run import reconcile
from handlers.record import ChargeType, Cloud
from handlers.site import Invoice

PERIOD = date(2026, 9, 1)
NOW = datetime(2026, 11, 24, tzinfo=UTC)
STAMP = datetime(2026, 10, 20)  # noqa: DTZ001 - as the ledger has it
LOAD = LedgerRow(
    load_id="L1",
    cloud_provider=Cloud.AWS,
    scope="111122223333",
    billing_period=PERIOD,
    source_version="v",
    rule_digest="r",
    site_digest="s",
    started_at=STAMP,
    finished_at=STAMP,
    status=Status.LOADED,
    billing_currency="USD",
    source_total=Decimal("1000.004"),
)
SAID = Statement(
    cloud=Cloud.AWS,
    scope="111122223333",
    period=PERIOD,
    said_by=SaidBy.INVOICE,
    currency="USD",
    total=Decimal("1000.004"),
    by_charge_type={ChargeType.TAX: Decimal(190), ChargeType.CREDIT: Decimal(-40)},
    marketplace=Decimal(300),
)


def reasons(total: str, load: LedgerRow = LOAD, said: Statement = SAID) -> dict[Reason, Decimal]:
    compared = compare(replace(said, total=Decimal(total)), load, NOW)
    assert compared is not None
    assert sum((part.difference for part in compared.parts), Decimal(0)) == compared.difference
    return {part.reason: part.difference for part in compared.parts}


def test_what_agrees_has_no_parts() -> None:
    assert reasons("1000.004") == {}


@pytest.mark.parametrize(
    ("total", "expected"),
    [
        ("1000.00", {Reason.ROUNDING: Decimal("-0.004")}),
        ("1190.004", {Reason.TAX: Decimal(190)}),
        ("960.004", {Reason.CREDITS: Decimal(-40)}),
        ("1150.004", {Reason.TAX: Decimal(190), Reason.CREDITS: Decimal(-40)}),
        ("1300.004", {Reason.MARKETPLACE: Decimal(300)}),
        ("1490.00", {Reason.TAX: 190, Reason.MARKETPLACE: 300, Reason.ROUNDING: Decimal("-0.004")}),
        ("1077.004", {Reason.UNEXPLAINED: Decimal(77)}),
    ],
)
def test_the_parts_that_the_bill_has_not_got_are_named(
    total: str, expected: dict[Reason, Decimal]
) -> None:
    assert reasons(total) == expected


def test_in_a_month_that_is_still_restated_the_rest_is_lines_that_came_late() -> None:
    november = date(2026, 11, 1)
    load, said = replace(LOAD, billing_period=november), replace(SAID, period=november)
    assert reasons("1077.004", load, said) == {Reason.LATE_LINES: Decimal(77)}


def test_each_document_may_be_rounded_by_half_a_cent() -> None:
    assert reasons("1000.034") == {Reason.UNEXPLAINED: Decimal("0.03")}
    assert reasons("1000.034", said=replace(SAID, documents=6)) == {
        Reason.ROUNDING: Decimal("0.03")
    }


def test_lines_that_were_set_aside_count_as_loaded() -> None:
    load = replace(LOAD, source_total=Decimal(900), quarantined_total=Decimal("100.004"))
    assert reasons("1000.004", load) == {}


@pytest.mark.parametrize(
    "load",
    [replace(LOAD, billing_currency="EUR"), replace(LOAD, source_total=None)],
    ids=["another currency", "several currencies"],
)
def test_unlike_currencies_are_not_compared(load: LedgerRow) -> None:
    assert compare(SAID, load, NOW) is None
    found = reconcile([SAID], [load], NOW)
    assert (found.compared, found.unlike, found.unstated) == ([], [SAID], [])


def test_a_bill_without_a_statement_and_a_statement_without_a_bill_are_told() -> None:
    other = replace(LOAD, scope="444455556666")
    found = reconcile([SAID], [other], NOW)
    assert (found.compared, found.unloaded, found.unstated) == ([], [SAID], [other])


CENTS = st.decimals(min_value=-(10**6), max_value=10**6, places=2)


@given(total=CENTS, tax=CENTS, credit=CENTS, marketplace=CENTS, loaded=CENTS)
def test_whatever_is_stated_the_parts_add_up_to_the_difference(
    total: Decimal, tax: Decimal, credit: Decimal, marketplace: Decimal, loaded: Decimal
) -> None:
    said = replace(
        SAID,
        total=total,
        by_charge_type={ChargeType.TAX: tax, ChargeType.CREDIT: credit},
        marketplace=marketplace,
    )
    compared = compare(said, replace(LOAD, source_total=loaded), NOW)
    assert compared is not None
    assert sum((part.difference for part in compared.parts), Decimal(0)) == total - loaded


def test_a_month_s_invoices_are_one_statement_with_their_tax_and_marketplace_apart() -> None:
    def invoice(number: str, amount: str, **parts: object) -> Invoice:
        plain = Invoice(Cloud.AWS, "111122223333", PERIOD, number, "USD", Decimal(amount))
        return replace(plain, **parts)

    [said] = of_invoices(
        [
            invoice("1", "119", tax=Decimal(19)),
            invoice("2", "30", marketplace=True),
            invoice("3", "-5", credits=Decimal(-5)),
        ]
    )
    assert (said.total, said.marketplace, said.documents) == (Decimal(144), Decimal(30), 3)
    assert said.by_charge_type == {ChargeType.TAX: Decimal(19), ChargeType.CREDIT: Decimal(-5)}


def test_invoices_of_two_currencies_are_two_statements() -> None:
    both = [
        Invoice(Cloud.AZURE, "5550142", PERIOD, number, currency, Decimal(1))
        for number, currency in (("1", "EUR"), ("2", "USD"))
    ]
    assert [said.currency for said in of_invoices(both)] == ["EUR", "USD"]
