"""``classify``: what the catalog makes of the SKUs in a CSV file."""

import csv
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from handlers.catalog import Classified, Sku, load_catalog
from handlers.errors import UsageError
from handlers.record import Cloud
from handlers.site import SITE_VARIABLE, default_site_folder, load_site

REQUIRED = ("service", "sku_or_usage_type", "description")
ADDED = ("model", "token_type")
CLOUDS = {cloud.value.lower(): cloud for cloud in Cloud}


@dataclass(frozen=True)
class _Table:
    header: Sequence[str]
    rows: Sequence[Sequence[str]]


@click.command()
@click.argument("file", metavar="FILE.csv", type=click.Path(path_type=Path))
@click.option("--cloud", type=click.Choice(list(CLOUDS)), required=True, help="Whose bill it is.")
@click.option(
    "--site",
    "folder",
    type=click.Path(path_type=Path),
    default=default_site_folder,
    help=f"The site folder, for rules of your own. [default: ${SITE_VARIABLE}, else site/]",
)
def classify(file: Path, cloud: str, folder: Path | None) -> None:
    """Write FILE.csv to standard output with model and token_type added.

    FILE.csv needs the columns service, sku_or_usage_type and description, and may have unit,
    service_id and billing_entity; other columns pass through. Both added columns are blank where
    the line is not AI.
    """
    table = _read(file)
    rules = load_site(folder).catalog.get(CLOUDS[cloud])
    catalog = load_catalog(CLOUDS[cloud], rules)
    named = [dict(zip(table.header, row, strict=True)) for row in table.rows]
    answers = catalog.classify([_sku(row) for row in named])
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([*table.header, *ADDED])
    writer.writerows(
        [*row, *_answer(answer)] for row, answer in zip(table.rows, answers, strict=True)
    )


def _sku(row: Mapping[str, str]) -> Sku:
    return Sku(
        service_id=row.get("service_id", ""),
        service=row["service"],
        sku=row["sku_or_usage_type"],
        description=row["description"],
        unit=row.get("unit", ""),
        billing_entity=row.get("billing_entity", ""),
    )


def _answer(answer: Classified) -> tuple[str, str]:
    return answer.model or "", str(answer.token_type or "")


def _read(file: Path) -> _Table:
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = [row for row in csv.reader(lines, strict=True) if row]
    except OSError as error:
        raise UsageError(f"{file} can't be read: {error.strerror}. Give a CSV file.") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is not UTF-8 (byte {error.start}). Save it as UTF-8.") from error
    except csv.Error as error:
        raise UsageError(f'{file} is not CSV: {error}. Quote cells with " and separate by ,') from (
            error
        )
    header = [name.strip() for name in rows[0]] if rows else []
    _check_header(file, header)
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(header):
            raise UsageError(
                f"{file}, row {number}: {len(row)} cells where the header has {len(header)}."
                ' Quote cells that hold a comma with ".'
            )
    return _Table(header, rows[1:])


def _check_header(file: Path, header: Sequence[str]) -> None:
    if missing := [name for name in REQUIRED if name not in header]:
        raise UsageError(
            f"{file}, row 1: column(s) {', '.join(missing)} missing; found"
            f" {', '.join(header) or 'nothing'}. Needed: {', '.join(REQUIRED)}."
        )
    if taken := [name for name in ADDED if name in header]:
        raise UsageError(
            f"{file}, row 1: already has {', '.join(taken)}, which this command adds."
            " Rename or remove them."
        )
    if len(set(header)) != len(header):
        raise UsageError(f"{file}, row 1: a column occurs twice. Give each its own name.")
