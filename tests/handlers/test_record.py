from handlers.record import COLUMNS, KEYS, MEASURES, PUBLISHED, ChargeType, Kind, TokenType


def test_the_published_interface_is_what_people_write_sql_against() -> None:
    assert PUBLISHED == (
        "date", "cloud_provider", "service", "sku_description", "model", "token_type",
        "usage_amount", "usage_unit", "cost_usd", "customer_id", "project_id",
    )  # fmt: skip


def test_every_column_has_a_meaning_and_every_text_a_limit() -> None:
    for column in COLUMNS:
        assert column.meaning.endswith(".")
        assert (column.limit > 0) is (column.kind is Kind.TEXT)
    assert len({column.name for column in COLUMNS}) == len(COLUMNS)


def test_limits_hold_every_word_of_the_closed_sets() -> None:
    limits = {column.name: column.limit for column in COLUMNS}
    assert max(map(len, TokenType)) <= limits["token_type"]
    assert max(map(len, ChargeType)) <= limits["charge_type"]
    assert limits["customer_key"] == 16


def test_what_is_summed_is_a_decimal_and_identifies_no_row() -> None:
    assert {column.kind for column in MEASURES} == {Kind.DECIMAL}
    assert {column.kind for column in KEYS} == {Kind.DATE, Kind.TEXT}
    assert len(KEYS) + len(MEASURES) == len(COLUMNS)
