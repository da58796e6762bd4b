"""The rules against real strings."""

import tomllib
from collections.abc import Sequence
from importlib import resources

import duckdb
import pytest

from handlers.catalog import DUCKDB, Catalog
from handlers.catalog.render import INPUT_COLUMNS, RULE_COLUMNS
from handlers.catalog.rules import Step
from handlers.record import Cloud
from tests.handlers.catalog.corpora import Catalogs, Corpora, Labelled


@pytest.mark.parametrize("cloud", Cloud)
def test_every_labelled_string_gets_its_model_and_token_type(
    cloud: Cloud, corpora: Corpora, catalogs: Catalogs
) -> None:
    labelled = corpora[cloud]
    found = catalogs[cloud].classify([row.sku for row in labelled])
    wrong = [
        f"{row.file}: {row.sku.service} / {row.sku.sku} / {row.sku.description}:"
        f" {got.model}, {got.token_type} instead of {row.model}, {row.token_type}"
        for row, got in zip(labelled, found, strict=True)
        if (got.model or "", str(got.token_type or "")) != (row.model, row.token_type)
    ]
    assert not wrong, "\n".join(wrong)


def test_the_corpora_are_as_large_as_their_figures_say(corpora: Corpora) -> None:
    shipped = {
        cloud: sum(row.file.startswith("corpus") for row in rows) for cloud, rows in corpora.items()
    }
    assert shipped == {Cloud.AWS: 135, Cloud.AZURE: 548, Cloud.GCP: 53}


def _explained(catalog: Catalog, labelled: Sequence[Labelled]) -> duckdb.DuckDBPyConnection:
    """A connection whose view ``explained`` says which rules decided for each string."""
    connection = duckdb.connect()
    unnest = ", ".join(f"UNNEST(${n + 1}::VARCHAR[]) AS {c}" for n, c in enumerate(INPUT_COLUMNS))
    columns = [[getattr(row.sku, name) for row in labelled] for name in INPUT_COLUMNS]
    connection.execute(f"CREATE TABLE skus AS SELECT {unnest}", columns)
    connection.execute(f"CREATE VIEW explained AS {catalog.explain_sql('skus')}")
    return connection


def test_every_rule_decides_for_some_labelled_string(corpora: Corpora, catalogs: Catalogs) -> None:
    decided: set[str] = set()
    for cloud, catalog in catalogs.items():
        rows = _explained(catalog, corpora[cloud]).sql(
            f"SELECT {', '.join(RULE_COLUMNS)} FROM explained"
        )
        decided.update(rule for row in rows.fetchall() for rule in row)
    ids = {
        str(rule["id"])
        for file in ("aws.toml", "azure.toml", "gcp.toml", "models.toml")
        for kind, rules in tomllib.loads(
            resources.files("handlers.catalog").joinpath(file).read_text(encoding="utf-8")
        ).items()
        if kind not in ("subject", "split", "normalise", "noise", "canonical")
        for rule in rules
    }
    assert ids - decided == set()


@pytest.mark.parametrize("cloud", Cloud)
def test_every_spelling_step_changes_some_labelled_string(
    cloud: Cloud, corpora: Corpora, catalogs: Catalogs
) -> None:
    book = catalogs[cloud].book
    texts = sorted(
        {"|".join((r.sku.service, r.sku.sku, r.sku.description)) for r in corpora[cloud]}
    )

    def idle(steps: Sequence[Step], texts: list[str]) -> tuple[list[str], list[str]]:
        unused: list[str] = []
        for step in steps:
            replaced = DUCKDB.replace_all("text", step.pattern, step.by)
            rows = duckdb.execute(
                f"SELECT {replaced} FROM (SELECT UNNEST($1::VARCHAR[]) AS text)", [texts]
            ).fetchall()
            after = [row[0] for row in rows]
            if after == texts:
                unused.append(step.id)
            texts = after
        return unused, texts

    unused_splits, texts = idle(book.splits, texts)
    unused_spellings, texts = idle(book.normalise, [text.lower() for text in texts])
    unused_noise, _ = idle(book.noise, texts)
    assert [*unused_splits, *unused_spellings, *unused_noise] == []


@pytest.mark.parametrize("cloud", Cloud)
def test_a_line_that_is_ai_is_always_a_candidate(
    cloud: Cloud, corpora: Corpora, catalogs: Catalogs
) -> None:
    catalog = catalogs[cloud]
    connection = _explained(catalog, corpora[cloud])
    candidate = catalog.candidate_sql("service_id", "service", "billing_entity")
    missed = connection.sql(
        f"WITH classified AS ({catalog.classify_sql('skus')})"
        f" SELECT service, sku FROM classified WHERE is_ai AND NOT {candidate}"
    ).fetchall()
    assert missed == []
    assert "regexp" not in candidate.lower()
