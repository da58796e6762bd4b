"""The fake refuses what Redshift refuses, so that a test can't pass on PostgreSQL alone."""

import pytest

from tests.fakes.redshift_sql import Copy, Plain, Refused, Unload, read

ROLE = "IAM_ROLE 'arn:aws:iam::123456789012:role/copier'"

REFUSED = {
    "CREATE INDEX i ON llm_costs.ledger (scope)": "CREATE INDEX",
    "INSERT INTO t (a) VALUES (1) ON CONFLICT DO NOTHING": "ON CONFLICT",
    "INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET a = 2": "ON CONFLICT",
    "DELETE FROM t RETURNING a": "RETURNING",
    "SELECT SUM(a) FILTER (WHERE b > 1) FROM t": "FILTER",
    "SELECT x.a FROM t, LATERAL (SELECT t.a) AS x": "LATERAL",
    "SELECT STRING_AGG(a, ',') FROM t": "string_agg",
    "SELECT ARRAY_AGG(a) FROM t": "array_agg",
    "SELECT * FROM GENERATE_SERIES(1, 3)": "generate_series",
    "SELECT NOW()": "now",
    "SELECT DISTINCT ON (a) a, b FROM t": "DISTINCT ON",
    "SELECT CAST(a AS VARCHAR) FROM t": "256 bytes",
    "SELECT a::TEXT FROM t": "256 bytes",
    "CREATE TABLE t (a VARCHAR)": "of this length",
    "CREATE TABLE t (a VARCHAR(70000))": "of this length",
    "CREATE TEMP TABLE t AS SELECT :a AS a": "binds nothing",
    "SELECT 1; SELECT 2": "2 statements",
    "SELEC 1 FROM": "error|not known|Invalid",
    "VACUUM": "not known",
    f"COPY t FROM 's3://b/k' {ROLE} FORMAT AS PARQUET REGION 'eu-central-1'": "syntax error",
    "COPY t FROM 's3://b/k' FORMAT AS PARQUET": "syntax error",
    f"UNLOAD ('DELETE FROM t RETURNING a') TO 's3://b/k' {ROLE}"
    " FORMAT AS PARQUET PARALLEL OFF": "RETURNING",
}


@pytest.mark.parametrize(("statement", "said"), REFUSED.items(), ids=list(REFUSED))
def test_what_redshift_refuses_is_refused(statement: str, said: str) -> None:
    with pytest.raises(Refused, match=said):
        read(statement)


TAKEN = {
    "CREATE TABLE IF NOT EXISTS s.t (a DATE NOT NULL) DISTSTYLE EVEN COMPOUND SORTKEY (a)": (
        "CREATE TABLE IF NOT EXISTS s.t (a DATE NOT NULL)"
    ),
    "CREATE TABLE s.t (a DATE) DISTSTYLE ALL": "CREATE TABLE s.t (a DATE)",
    "CREATE TEMP TABLE t (a BIGINT)": "CREATE TEMPORARY TABLE t (a BIGINT)",
    "CREATE TABLE s.t (a VARCHAR(8))": (
        'CREATE TABLE s.t (a VARCHAR(8) CHECK (OCTET_LENGTH("a") <= 8))'
    ),
    "SELECT SYSDATE": "SELECT CURRENT_TIMESTAMP",
    "SELECT a FROM t WHERE b = :b": "SELECT a FROM t WHERE b = %(b)s",
    "LOCK TABLE llm_costs.load_lock": "LOCK TABLE llm_costs.load_lock",
}


@pytest.mark.parametrize(("statement", "written"), TAKEN.items(), ids=list(TAKEN))
def test_what_postgresql_lacks_is_put_in_its_words(statement: str, written: str) -> None:
    assert read(statement) == Plain(written)


def test_copy_and_unload_are_read_from_their_text() -> None:
    assert read(f"COPY t FROM 's3://b/k/x.parquet' {ROLE} FORMAT AS PARQUET") == Copy(
        "t", "b", "k/x.parquet"
    )
    unloading = f"UNLOAD ('SELECT a FROM t WHERE b = ''x''') TO 's3://b/k_' {ROLE}"
    assert read(f"{unloading} FORMAT AS PARQUET PARALLEL OFF") == Unload(
        "SELECT a FROM t WHERE b = 'x'", "b", "k_"
    )
