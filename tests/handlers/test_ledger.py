from dataclasses import replace
from datetime import date, datetime

from handlers.ledger import (
    LedgerRow,
    Status,
    Version,
    current,
    last_word,
    ledger_row,
    load_id,
    standing,
)
from handlers.record import Cloud
from handlers.tables import LEDGER

PERIOD = date(2026, 11, 1)
MOMENT = datetime(2026, 11, 21, 6)  # noqa: DTZ001
ONE = Version("bill-1", "rules", "site")
TWO = Version("bill-2", "rules", "site")


def row(version: Version, status: Status) -> LedgerRow:
    return LedgerRow(
        load_id(Cloud.AWS, "payer", PERIOD, version), Cloud.AWS, "payer", PERIOD,
        version.source, version.rules, version.site, MOMENT, MOMENT, status,
    )  # fmt: skip


def test_a_load_has_one_name_wherever_it_is_loaded_and_another_for_any_other_version() -> None:
    same = load_id(Cloud.AWS, "payer", PERIOD, ONE)
    others = [
        load_id(Cloud.GCP, "payer", PERIOD, ONE),
        load_id(Cloud.AWS, "other", PERIOD, ONE),
        load_id(Cloud.AWS, "payer", date(2026, 10, 1), ONE),
        load_id(Cloud.AWS, "payer", PERIOD, TWO),
        load_id(Cloud.AWS, "payer", PERIOD, replace(ONE, rules="others")),
        load_id(Cloud.AWS, "payer", PERIOD, replace(ONE, site="other")),
    ]
    assert same == load_id(Cloud.AWS, "payer", PERIOD, Version("bill-1", "rules", "site"))
    assert len({same, *others}) == 7


def test_the_current_load_is_the_last_that_was_loaded() -> None:
    loaded, held = row(ONE, Status.LOADED), row(TWO, Status.HELD)
    assert current([]) is None
    assert current([held]) is None
    assert current([loaded, held, row(TWO, Status.REJECTED), row(TWO, Status.FAILED)]) == loaded
    assert current([loaded, row(TWO, Status.LOADED)]) == row(TWO, Status.LOADED)


def test_the_last_word_on_a_bill_that_was_never_loaded_holds_for_all_rules_and_site_data() -> None:
    history = [row(ONE, Status.LOADED), row(TWO, Status.HELD), row(TWO, Status.REJECTED)]
    assert standing(history, TWO) is Status.REJECTED
    assert standing(history, replace(TWO, site="changed")) is Status.REJECTED
    assert last_word(history, TWO) == history[-1]
    assert standing(history, Version("bill-3", "rules", "site")) is None


def test_the_last_word_on_a_bill_that_was_loaded_holds_for_its_rules_and_site_data_only() -> None:
    worse, better = replace(ONE, rules="worse"), replace(ONE, rules="better")
    history = [row(ONE, Status.LOADED), row(worse, Status.HELD), row(worse, Status.REJECTED)]
    assert standing(history, worse) is Status.REJECTED
    assert standing(history, better) is None
    assert standing(history, ONE) is Status.LOADED


def test_a_row_comes_back_from_a_warehouse_as_it_went_in() -> None:
    made = replace(row(ONE, Status.FAILED), error="why")
    assert (
        ledger_row(LEDGER.names, [str(v) if v is Cloud.AWS else v for v in made.values()]) == made
    )


def test_a_decision_keeps_the_load_and_adds_who_why_and_when() -> None:
    held = row(TWO, Status.HELD)
    later = datetime(2026, 11, 22)  # noqa: DTZ001
    decided = held.decided(Status.ACCEPTED, later, "Ada", "moved")
    assert (decided.load_id, decided.status) == (held.load_id, Status.ACCEPTED)
    assert (decided.decided_by, decided.reason, decided.finished_at) == ("Ada", "moved", later)
