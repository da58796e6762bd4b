"""What explains a difference, on amounts counted by hand."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.errors import WarehouseError
from handlers.ledger import LedgerRow, Status
from handlers.reconcile import Compared, Reason, SaidBy, Statement, compare, of_invoices
from handlers.reconcile.asked import Answers, answer_of
from handlers.reconcile.run import reconcile
from handlers.reconcile.statement import of_documents
from handlers.reconcile.totals import BillTotals, Charges
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
    load = replace(LOAD, quarantined_total=Decimal("100.004"))
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


FIRST, SECOND = date(2026, 9, 1), date(2026, 9, 2)
TOTALS = BillTotals(
    Charges(
        own={ChargeType.USAGE: Decimal("900.004"), ChargeType.TAX: Decimal(100)},
        by_service_day={("Amazon Bedrock", FIRST): Decimal(500), ("EC2", FIRST): Decimal(400)},
    ),
    documents={"D1": Charges(own={ChargeType.USAGE: Decimal(30)})},
)
CLOUD = replace(
    SAID,
    said_by=SaidBy.COST_EXPLORER,
    total=Decimal("1117.004"),
    by_charge_type={
        ChargeType.USAGE: Decimal("930.004"),
        ChargeType.TAX: Decimal(190),
        ChargeType.CREDIT: Decimal(-3),
    },
    marketplace=Decimal(0),
    by_service_day={
        ("Amazon Bedrock", FIRST): Decimal(500),
        ("Amazon Bedrock", SECOND): Decimal(20),
        ("Compute", FIRST): Decimal(410),
    },
)


def compared(said: Statement, load: LedgerRow = LOAD) -> Compared:
    found = compare(said, load, NOW, TOTALS)
    assert found is not None
    assert sum((part.difference for part in found.parts), Decimal(0)) == found.difference
    return found


def test_where_both_sides_name_a_kind_its_part_is_their_difference() -> None:
    parts = {part.charge_type: part for part in compared(CLOUD).parts}
    assert {kind: (part.difference, part.reason) for kind, part in parts.items()} == {
        ChargeType.USAGE: (Decimal(30), Reason.UNEXPLAINED),
        ChargeType.TAX: (Decimal(90), Reason.TAX),
        ChargeType.CREDIT: (Decimal(-3), Reason.CREDITS),
    }
    assert (parts[ChargeType.TAX].stated, parts[ChargeType.TAX].loaded) == (190, 100)


def test_days_are_compared_by_service_and_services_that_one_side_names_otherwise_together() -> None:
    days = compared(CLOUD, replace(LOAD, data_through=FIRST)).days
    assert [(day.service, day.day, day.difference, day.reason) for day in days] == [
        ("Amazon Bedrock", SECOND, Decimal(20), Reason.LATE_LINES),
        (None, FIRST, Decimal(10), Reason.UNEXPLAINED),
    ]


def test_a_kind_that_only_the_bill_has_explains_a_statement_without_it() -> None:
    net = replace(SAID, total=Decimal("900.004"), by_charge_type={}, marketplace=Decimal(0))
    assert [(part.reason, part.difference, part.loaded) for part in compared(net).parts] == [
        (Reason.TAX, Decimal(-100), Decimal(100))
    ]


def test_a_document_is_compared_with_its_own_lines() -> None:
    plain = Invoice(Cloud.AWS, SAID.scope, PERIOD, "D1", "USD", Decimal(32))
    [said] = of_documents([plain, replace(plain, invoice_id="D2")], {"D1"})
    found = compared(said)
    assert (found.loaded, found.difference, said.invoice_id) == (Decimal(30), Decimal(2), "D1")
    assert of_documents([plain], {"D1"}) == []


def test_who_cannot_be_asked_is_a_line_and_what_it_said_before_is_kept() -> None:
    def ask() -> Iterator[Statement]:
        yield SAID
        raise WarehouseError("busy,\n try later")

    answers = answer_of("AWS 1", ask) + answer_of("AWS 2", lambda: [CLOUD])
    assert answers == Answers((SAID, CLOUD), ("AWS 1: busy, try later",))
