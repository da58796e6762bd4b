from datetime import date
from decimal import Decimal

from handlers.commands.parity import shown
from handlers.parity import BillParity, Difference, Figures, Load
from handlers.record import Cloud
from tests.conftest import RunHandlers


def test_a_laptops_warehouse_has_nothing_to_compare(run_handlers: RunHandlers) -> None:
    answer = run_handlers("parity")
    assert answer.returncode == 1
    assert "has one path only" in answer.stderr
    assert "--warehouse bigquery" in answer.stderr


def test_a_reader_sees_dollars_in_transit_and_the_rows_that_differ() -> None:
    bills = [
        BillParity(
            cloud=Cloud.AWS,
            scope="111122223333",
            period=date(2026, 11, 1),
            warehouse="redshift",
            hub=Load("L2", Decimal("12.50"), Decimal("12.50"), 9),
            native=Load("L1", Decimal("10.25"), Decimal("10.25"), 8),
            compared="L1",
        ),
        BillParity(
            cloud=Cloud.AZURE,
            scope="/subscriptions/1",
            period=date(2026, 11, 1),
            warehouse="azuresql",
            hub=Load("L3", Decimal("1.000000001"), Decimal(1), 2),
            native=Load("L3", Decimal(1), Decimal(1), 2),
            compared="L3",
            differences=(
                Difference(
                    "gpt-5",
                    "output",
                    "c" * 16,
                    Figures(1, Decimal(7), Decimal("1e-9"), Decimal(0)),
                    None,
                ),
            ),
        ),
    ]
    text = shown(bills, {Cloud.AWS: 3})
    first, second = (
        next(row for row in text.splitlines() if cloud in row) for cloud in ("AWS 1", "Azure /")
    )
    assert first.split() == [
        *(
            "AWS",
            "111122223333",
            "2026-11",
            "in_transit",
            "9",
            "/",
            "8",
            "12.50",
            "10.25",
            "-2.25",
            "0",
        ),
    ]
    assert second.split()[-4:] == ["1.000000001", "1.00", "0.00", "1"]
    assert "1 rows, 7 used, 0.000000001 USD" in text
    assert "no row" in text
    assert "AWS: the paths agreed on 3 days in a row." in text
