"""What the catalog does not name, in dollars: SKUs without a rule, without a model, left out."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

import duckdb

from handlers.archive import archived_lines
from handlers.catalog import Sku, looks_like_ai_sql
from handlers.errors import BillError
from handlers.load.statements import statements
from handlers.queries.answer import amount, ask
from handlers.queries.bill_lines import open_archives
from handlers.queries.selection import Selection
from handlers.record import UNKNOWN, Cloud

_TEXT = ("service_id", "service", "sku", "description", "unit", "billing_entity")


class Kind(StrEnum):
    """Why a SKU is listed."""

    NO_RULE = "no_rule"
    """An AI service's line that no model rule fits: the catalog lacks a rule."""
    NO_TOKEN_TYPE = "no_token_type"
    """The model is named, what was consumed is not."""
    NOT_STATED = "not_stated"
    """A rule says that the bill does not state the model; no rule can mend that."""
    LEFT_OUT = "left_out"
    """In no AI total, though its text looks like AI and no rule says that it is not."""
    NOT_AI = "not_ai"
    """In no AI total, because a rule of the catalog says that it is not AI."""


@dataclass(frozen=True)
class Nameless:
    """One SKU, or service, of one cloud.

    ``lines`` counts bill lines, None where the archive is not there to count them. ``sku`` is all
    that the bill says of it. ``cost_usd`` of what is left out is at the load's rate.
    """

    kind: Kind
    cloud: Cloud
    service: str
    sku_description: str
    model: str | None
    token_type: str | None
    rule_id: str | None
    cost_usd: Decimal
    lines: int | None
    sku: Sku


@dataclass(frozen=True)
class Found:
    """All that is nameless, the dearest first, and why lines were not counted, if so."""

    nameless: Sequence[Nameless]
    uncounted: str | None


def find_nameless(
    connection: duckdb.DuckDBPyConnection, archive: Path, selection: Selection
) -> Found:
    """What the loads in the tables left without a name; ``selection`` is of clouds and periods."""
    texts = dict(statements("handlers.queries", "unknown.sql"))
    uncounted = _read_archive(connection, archive, selection, texts)
    found = [
        *_rows(connection, selection, texts["nameless_rows"]),
        *_left_out(connection, selection),
    ]
    return Found(sorted(found, key=lambda each: -each.cost_usd), uncounted)


def _read_archive(
    connection: duckdb.DuckDBPyConnection,
    archive: Path,
    selection: Selection,
    texts: dict[str, str],
) -> str | None:
    """Fill ``archived_skus``; the reason when an archive file can't be read."""
    where, values = selection.where()
    loads = texts["loads"].rstrip(";").replace("%s", where)
    paths: Sequence[Path] = ()
    reason = None
    try:
        paths = open_archives(connection, archive, loads, [*values, *values])
    except BillError as error:
        reason = str(error)
    names = ", ".join(f"''::VARCHAR AS {name}" for name in _TEXT)
    if paths:
        relation = archived_lines(iter(paths))
    else:
        relation = (
            f"(SELECT TRUE AS is_ai, '' AS model, '' AS token_type, '' AS rule_id, {names},"
            " '' AS filename WHERE FALSE)"
        )
    connection.execute(texts["archived_skus"].replace("%s", relation))
    return reason


def _rows(
    connection: duckdb.DuckDBPyConnection, selection: Selection, question: str
) -> list[Nameless]:
    """AI rows without a model or a token type."""
    where, values = selection.where()
    answer = ask(connection, question.replace("%s", where), values)
    found: list[Nameless] = []
    for cloud, service, text, model, token_type, rule_id, cost in answer.rows:
        sku, lines = _sku(
            connection,
            "cloud_provider = ? AND row_service = ? AND row_sku = ? AND is_ai AND model = ?"
            " AND token_type = ? AND rule_id IS NOT DISTINCT FROM ?",
            [cloud, service, text, model, token_type, rule_id],
        )
        found.append(
            Nameless(
                kind=_kind(str(model), rule_id),
                cloud=Cloud(str(cloud)),
                service=str(service),
                sku_description=str(text),
                model=str(model),
                token_type=str(token_type),
                rule_id=None if rule_id is None else str(rule_id),
                cost_usd=amount(cost),
                lines=lines,
                sku=sku or Sku(service=str(service), sku=str(text)),
            )
        )
    return found


def _kind(model: str, rule_id: object) -> Kind:
    if rule_id is None:
        return Kind.NO_RULE
    return Kind.NOT_STATED if model == UNKNOWN else Kind.NO_TOKEN_TYPE


def _left_out(connection: duckdb.DuckDBPyConnection, selection: Selection) -> list[Nameless]:
    """Services, and lines of AI products, that are in no AI total and look like AI."""
    where, values = selection.where()
    looks = looks_like_ai_sql("concat_ws(' ', service, sku_description)")
    answer = ask(
        connection,
        "SELECT cloud_provider, service_id, service, sku_description, sum(lines)::BIGINT,"
        f" sum(cost_usd) FROM left_out_costs WHERE {looks} AND {where}"
        " GROUP BY ALL ORDER BY 6 DESC, 1, 2, 3, 4",
        values,
    )
    found: list[Nameless] = []
    for cloud, service_id, service, text, lines, cost in answer.rows:
        bare = Sku(str(service_id or ""), str(service or ""), str(text or ""))
        sku = None
        if text is not None:
            sku, _ = _sku(
                connection,
                "cloud_provider = ? AND NOT is_ai AND service_id = ? AND service = ? AND sku = ?",
                [cloud, bare.service_id, bare.service, bare.sku],
            )
        found.append(
            Nameless(
                kind=Kind.LEFT_OUT,
                cloud=Cloud(str(cloud)),
                service=bare.service,
                sku_description=bare.sku,
                model=None,
                token_type=None,
                rule_id=None,
                cost_usd=amount(cost),
                lines=int(str(lines)),
                sku=sku or bare,
            )
        )
    return found


def _sku(
    connection: duckdb.DuckDBPyConnection, condition: str, values: Sequence[object]
) -> tuple[Sku | None, int | None]:
    """The commonest text of a SKU in the archive, and its number of lines."""
    answer = ask(
        connection,
        f"SELECT {', '.join(_TEXT)}, sum(line_count) OVER ()::BIGINT FROM archived_skus"
        f" WHERE {condition} ORDER BY line_count DESC, {', '.join(_TEXT)} LIMIT 1",
        values,
    )
    if not answer.rows:
        return None, None
    *texts, lines = answer.rows[0]
    return Sku(*map(str, texts)), int(str(lines))
