"""The price lists and column lists that lie beside the code."""

import csv
import tomllib
import uuid
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from handlers.sample.charges import Sku

HERE = Path(__file__).parent
ONE = Decimal(1)
NAMESPACE = uuid.UUID("9a3c3c1e-5f0d-4a57-8f60-1f2b7c0d9e11")


def document(name: str) -> dict[str, Any]:
    """A TOML file beside the code."""
    return tomllib.loads((HERE / name).read_text(encoding="utf-8"))


def rows(name: str) -> Iterator[dict[str, str]]:
    """The rows of a CSV file beside the code."""
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def names(name: str) -> tuple[str, ...]:
    """A list of column names, one a line."""
    return tuple((HERE / "columns" / name).read_text(encoding="utf-8").split("\n")[:-1])


def types(name: str) -> dict[str, str]:
    """Column names and their types."""
    return {row["name"]: row["type"] for row in rows(f"columns/{name}")}


@cache
def meter_id(*parts: str) -> str:
    """A GUID that is the same for the same words."""
    return str(uuid.uuid5(NAMESPACE, "|".join(parts)))


def _aws(row: Mapping[str, str]) -> Sku:
    return Sku(
        service=row["product"],
        service_id=row["code"],
        group=row["product_family"],
        name=row["usage_type"],
        sku_id=meter_id(row["code"], row["usage_type"]).replace("-", "")[:16].upper(),
        description=row["description"],
        unit=row["unit"],
        pricing_unit=row["unit"],
        block=ONE,
        price=Decimal(row["price"]),
        mix=Decimal(row.get("mix") or row["amount"]),
        operation=row["operation"],
        region=row.get("region", ""),
        seller=row.get("entity", "AWS"),
        model=row.get("model", ""),
        token_type=row.get("token_type", ""),
    )


def _azure(row: Mapping[str, str]) -> Sku:
    provider = row.get("provider", "Microsoft.CognitiveServices")
    return Sku(
        service=row["category"],
        service_id=provider,
        group=row["subcategory"],
        name=row["meter"],
        sku_id=meter_id(row["category"], row["subcategory"], row["meter"]),
        description="AI + Machine Learning" if "model" in row else row["family"],
        unit=row["unit"],
        pricing_unit=row["unit"],
        block=ONE,
        price=Decimal(row["price"]),
        mix=Decimal(row.get("mix") or row["amount"]),
        operation=row.get("type", "accounts"),
        region="",
        seller=row.get("publisher", "Microsoft"),
        model=row.get("model", ""),
        token_type=row.get("token_type", ""),
    )


def _gcp(row: Mapping[str, str]) -> Sku:
    block = Decimal(row["block"])
    return Sku(
        service=row["service"],
        service_id=row["service_id"],
        group="",
        name=row["sku"],
        sku_id=row["sku_id"],
        description=row.get("discount", "0"),
        unit=row["unit"],
        pricing_unit=row["pricing_unit"],
        block=block,
        price=Decimal(row["price"]),
        mix=Decimal(row["mix"]) if "mix" in row else Decimal(row["amount"]) / block,
        operation="",
        region="us-central1",
        seller=row.get("seller", "GOOGLE"),
        model=row.get("model", ""),
        token_type=row.get("token_type", ""),
    )


_READERS = {"AWS": _aws, "Azure": _azure, "GCP": _gcp}


def ai_families(cloud: str) -> dict[str, tuple[Sku, ...]]:
    """The AI price list of a cloud: what one unit of each family takes."""
    families: dict[str, tuple[Sku, ...]] = {}
    for row in rows(f"prices/{cloud.lower()}.csv"):
        sku = _READERS[cloud](row)
        families[row["family"]] = (*families.get(row["family"], ()), sku)
    return families


def other_skus(cloud: str) -> tuple[Sku, ...]:
    """The price list of everything that is not AI; ``mix`` is a day's usual quantity."""
    return tuple(_READERS[cloud](row) for row in rows(f"prices/{cloud.lower()}_other.csv"))
