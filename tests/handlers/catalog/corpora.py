"""The labelled SKU strings."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from handlers.catalog import Catalog, Sku
from handlers.record import Cloud

CORPUS = Path(__file__).parent / "corpus"


@dataclass(frozen=True)
class Labelled:
    """A string of a corpus with what it should become; both empty: not AI."""

    sku: Sku
    model: str
    token_type: str
    file: str


Corpora = Mapping[Cloud, Sequence[Labelled]]
Catalogs = Mapping[Cloud, Catalog]


def _model(expected: str) -> str:
    return expected.removesuffix(" (family)").replace("unknown (Claude)", "unknown")


def read(kind: str, cloud: Cloud) -> list[Labelled]:
    path = CORPUS / f"{kind}_{cloud.value.lower()}.csv"
    with path.open(encoding="utf-8", newline="") as lines:
        return [
            Labelled(
                sku=Sku(
                    service=row["service"],
                    sku=row["sku_or_usage_type"],
                    description=row["description"],
                    unit=row["unit"],
                ),
                model=_model(row["expected_model"]),
                token_type=row["expected_token_type"],
                file=path.name,
            )
            for row in csv.DictReader(lines)
        ]
