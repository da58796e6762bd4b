"""A second, plain reader of the sample: csv, json and pyarrow, one row after the other.

It knows the clouds' column names and nothing of the code that wrote the files.
"""

import csv
import gzip
import io
import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

# pyarrow has no types of its own, so everything it gives is Any here and only here.
parquet: Any = import_module("pyarrow.parquet")

Cells = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PlainLine:
    """What this reader keeps of a bill line."""

    cloud: str
    scope: str
    period: str
    day: date
    hour: int
    service: str
    sku: str
    group: str
    description: str
    line_type: str
    account: str
    resource: str
    resource_group: str
    tags: tuple[tuple[str, str], ...]
    cost: Decimal
    credits: Decimal
    usd: Decimal | None
    effective: Decimal | None
    rate: Decimal | None
    currency: str
    exported: str = ""

    @property
    def tag_map(self) -> dict[str, str]:
        return dict(self.tags)


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _text(path: Path) -> str:
    content = path.read_bytes()
    if path.suffix == ".gz":
        content = gzip.decompress(content)
    return content.decode("utf-8-sig")


def csv_rows(path: Path) -> Iterator[dict[str, str]]:
    yield from csv.DictReader(io.StringIO(_text(path), newline=""))


def parquet_rows(path: Path) -> Iterator[dict[str, Any]]:
    for batch in parquet.ParquetFile(path).iter_batches():
        yield from batch.to_pylist(maps_as_pydicts="strict")


def parquet_types(path: Path) -> dict[str, str]:
    return {field.name: str(field.type) for field in parquet.read_schema(path)}


def rows_of(path: Path) -> Iterator[Cells]:
    yield from parquet_rows(path) if path.suffix == ".parquet" else csv_rows(path)


def decimal(value: float | str | Decimal | None) -> Decimal:
    """What a cell says; a double is what its shortest text says."""
    if value is None or value == "":
        return Decimal(0)
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


def aws_files(manifest: Path, bucket: Path) -> list[Path]:
    """The files that a manifest names."""
    content = json.loads(manifest.read_text())
    if "reportKeys" in content:
        return [bucket / key for key in content["reportKeys"]]
    return [bucket / name.split("/", 3)[3] for name in content["dataFiles"]]


def _words(value: str | dict[str, str] | None) -> dict[str, str]:
    """A map column: a dictionary in parquet, JSON in a CSV cell, sometimes empty."""
    return value if isinstance(value, dict) else json.loads(value or "{}")


def _tags(cells: Cells) -> tuple[tuple[str, str], ...]:
    found = _words(cells["resource_tags"])
    names = ((re.sub(r"^user[:_]", "", key), text) for key, text in found.items())
    return tuple((name.replace("managed_by", "managed-by"), text) for name, text in names)


def _moment(value: str | datetime) -> datetime:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def _cur2(scope: str, period: str, cells: Cells) -> PlainLine:
    return PlainLine(
        cloud="AWS",
        scope=scope,
        period=period,
        day=_moment(cells["line_item_usage_start_date"]).date(),
        hour=0,
        service=_words(cells["product"]).get("product_name", ""),
        sku=cells["line_item_usage_type"],
        group="",
        description=cells["line_item_line_item_description"] or "",
        line_type=cells["line_item_line_item_type"],
        account=cells["line_item_usage_account_id"],
        resource=cells["line_item_resource_id"] or "",
        resource_group="",
        tags=_tags(cells),
        cost=decimal(cells["line_item_unblended_cost"]),
        credits=Decimal(0),
        usd=None,
        effective=None,
        rate=None,
        currency=cells["line_item_currency_code"],
    )


def _cur1(scope: str, period: str, cells: Cells) -> PlainLine:
    prefix = "resourceTags/user:"
    start = _moment(cells["lineItem/UsageStartDate"])
    return PlainLine(
        cloud="AWS",
        scope=scope,
        period=period,
        day=start.date(),
        hour=start.hour,
        service=cells["product/ProductName"],
        sku=cells["lineItem/UsageType"],
        group="",
        description=cells["lineItem/LineItemDescription"],
        line_type=cells["lineItem/LineItemType"],
        account=cells["lineItem/UsageAccountId"],
        resource=cells["lineItem/ResourceId"],
        resource_group="",
        tags=tuple(
            (name.removeprefix(prefix), text)
            for name, text in cells.items()
            if name.startswith(prefix) and text
        ),
        cost=decimal(cells["lineItem/UnblendedCost"]),
        credits=Decimal(0),
        usd=None,
        effective=None,
        rate=None,
        currency=cells["lineItem/CurrencyCode"],
    )


# Per export type: category, subcategory, meter, charge type, day, subscription, resource, group,
# tags, cost, currency, USD, amortised cost.
_COST_DETAILS: Mapping[str, Sequence[str]] = {
    "azure-ea": (
        "MeterCategory", "MeterSubCategory", "MeterName", "ChargeType", "Date", "SubscriptionId",
        "ResourceId", "ResourceGroup", "Tags", "CostInBillingCurrency", "BillingCurrencyCode",
        "", "",
    ),
    "azure-mca": (
        "meterCategory", "meterSubCategory", "meterName", "chargeType", "date", "SubscriptionId",
        "ResourceId", "resourceGroupName", "tags", "costInBillingCurrency", "billingCurrency",
        "costInUsd", "",
    ),
    "azure-payg": (
        "MeterCategory", "MeterSubCategory", "MeterName", "", "UsageDateTime", "SubscriptionGuid",
        "InstanceId", "ResourceGroup", "Tags", "PreTaxCost", "Currency", "", "",
    ),
    "azure-focus-1.0": (
        "x_SkuMeterCategory", "x_SkuMeterSubcategory", "x_SkuMeterName", "ChargeCategory",
        "ChargePeriodStart", "SubAccountId", "ResourceId", "x_ResourceGroupName", "Tags",
        "BilledCost", "BillingCurrency", "x_BilledCostInUsd", "EffectiveCost",
    ),
}  # fmt: skip
AZURE_NAMES = {**_COST_DETAILS, "azure-focus-1.2": _COST_DETAILS["azure-focus-1.0"]}


def _azure_day(text: str | datetime) -> date:
    if isinstance(text, datetime):
        return text.date()
    if "/" in text:
        month, day, year = map(int, text.split("/"))
        return date(year, month, day)
    return date.fromisoformat(text[:10])


def _azure_tags(text: str | None) -> tuple[tuple[str, str], ...]:
    if not text:
        return ()
    return tuple(json.loads(text if text.startswith("{") else "{" + text + "}").items())


def _azure(kind: str, scope: str, period: str, cells: Cells) -> PlainLine:
    names = AZURE_NAMES[kind]
    one: list[Any] = [cells[name] if name else None for name in names]
    unused = cells.get("CommitmentDiscountStatus") == "Unused"
    return PlainLine(
        cloud="Azure",
        scope=scope,
        period=period,
        day=_azure_day(one[4]),
        hour=0,
        service=one[0] or "",
        group=one[1] or "",
        sku=one[2] or "",
        description="",
        line_type="Unused" if unused else one[3] or "Usage",
        account=(one[5] or "").removeprefix("/subscriptions/"),
        resource=one[6] or "",
        resource_group=one[7] or "",
        tags=_azure_tags(one[8]),
        cost=decimal(one[9]),
        credits=Decimal(0),
        usd=decimal(one[11]) if names[11] else None,
        effective=decimal(one[12]) if names[12] else None,
        rate=None,
        currency=one[10],
    )


def _google_moment(value: str | datetime) -> datetime:
    return datetime.fromisoformat(value.removesuffix(" UTC")) if isinstance(value, str) else value


def _google(scope: str, cells: Cells) -> PlainLine:
    start = _google_moment(cells["usage_start_time"])
    credits = sum((decimal(one["amount"]) for one in cells["credits"] or ()), Decimal(0))
    project: Cells = cells.get("project") or {}
    adjustment: Cells = cells.get("adjustment_info") or {}
    month = cells["invoice"]["month"]
    return PlainLine(
        cloud="GCP",
        scope=scope,
        period=f"{month[:4]}-{month[4:]}",
        day=start.date(),
        hour=start.hour,
        service=cells["service"]["description"],
        sku=cells["sku"]["description"],
        group="",
        description=adjustment.get("mode", ""),
        line_type=cells["cost_type"],
        account=project.get("id", ""),
        resource="",
        resource_group="",
        tags=tuple((one["key"], one["value"]) for one in cells["labels"] or ()),
        cost=decimal(cells["cost"]) + credits,
        credits=credits,
        usd=None,
        effective=None,
        rate=decimal(cells["currency_conversion_rate"]),
        currency=cells["currency"],
        exported=str(cells["export_time"]),
    )


def google_rows(table_folder: Path) -> Iterator[Cells]:
    for file in sorted(table_folder.iterdir()):
        if file.suffix == ".parquet":
            yield from parquet_rows(file)
        else:
            yield from map(json.loads, _text(file).splitlines())


def read(folder: Path) -> Iterator[PlainLine]:
    """Every line of the current versions, found through manifests."""
    tables: set[Path] = set()
    for bill in table(folder / "truth" / "scopes.csv"):
        path = folder / bill["current_version_path"]
        scope, period, kind = bill["scope"], bill["billing_period"], bill["format"]
        if bill["cloud"] == "GCP":
            if path not in tables:
                yield from (_google(scope, cells) for cells in google_rows(path))
            tables.add(path)
        elif bill["cloud"] == "Azure":
            for blob in json.loads(path.read_text())["blobs"]:
                for cells in rows_of(folder / "azure" / blob["blobName"]):
                    yield _azure(kind, scope, period, cells)
        else:
            make = _cur1 if kind == "cur1-csv" else _cur2
            for file in aws_files(path, folder / "aws"):
                yield from (make(scope, period, cells) for cells in rows_of(file))


def is_platform(line: PlainLine) -> bool:
    return line.tag_map.get("managed-by") == "ai-cost-monitoring"


def is_ai(line: PlainLine) -> bool:
    """By the words of the service, and of the SKU where a service is more than AI."""
    if is_platform(line):
        return False
    if line.cloud == "AWS":
        endpoint = re.search(r"-(Host|Train):", line.sku) is not None
        return "Bedrock" in line.service or line.service == "Claude Platform on AWS" or endpoint
    if line.cloud == "Azure":
        services = {"Cognitive Services", "Foundry Models"}
        return line.service in services or line.sku == "Claude Consumption Unit"
    return line.service in {"Vertex AI", "Gemini API"} or line.service.startswith("Claude ")


OCTOBER = "2026-10"
"""The month that was restated."""


def only(paths: Iterable[Path]) -> Path:
    found = list(paths)
    assert len(found) == 1, found
    return found[0]


def scope_path(sample: Path, kind: str, month: str = OCTOBER) -> Path:
    rows = table(sample / "truth" / "scopes.csv")
    paths = {
        sample / row["current_version_path"]
        for row in rows
        if row["format"] == kind and row["billing_period"] == month
    }
    return only(paths)


def superseded(sample: Path, scope: str) -> tuple[int, Decimal]:
    row = next(r for r in table(sample / "truth" / "superseded.csv") if r["scope"] == scope)
    assert row["billing_period"] == OCTOBER
    return int(row["all_lines"]), Decimal(row["all_cost"])


def counted(files: Iterable[Path], column: str) -> tuple[int, Decimal]:
    costs = [decimal(row[column]) for file in files for row in csv_rows(file)]
    return len(costs), sum(costs, Decimal(0))


def blobs(manifest: Path, sample: Path) -> Iterator[Path]:
    for blob in json.loads(manifest.read_text())["blobs"]:
        yield sample / "azure" / blob["blobName"]


class Customers:
    """Whose a line is, by the site data alone."""

    def __init__(self, site: Path) -> None:
        rules = tomllib.loads((site / "attribution.toml").read_text(encoding="utf-8"))
        self._keys: list[str] = rules["customer_keys"]
        self._maps: list[dict[str, Any]] = rules["map"]
        self._customers = table(site / "customers.csv")

    def _known(self, tag: str, day: date) -> str:
        for exact in (True, False):
            for row in self._customers:
                first, last = row["from"] or "0001-01-01", row["to"] or "9999-12-31"
                names = (row["id"], *row["aliases"].split("|"))
                same = [name for name in names if name == tag]
                if not exact:
                    same = [name for name in names if name.lower() == tag.lower()]
                if same and first <= f"{day}" <= last:
                    return row["id"]
        return tag

    def _mapped(self, line: PlainLine) -> str:
        values = {
            "resource": line.resource,
            "account": line.account,
            "resource_group": line.resource_group,
        }
        for rule in self._maps:
            first, last = rule.get("from", date.min), rule.get("to", date.max)
            cloud = rule.get("cloud", line.cloud)
            if not first <= line.day <= last or cloud != line.cloud:
                continue
            value = values[rule["match"]]
            if "exact" in rule and rule["exact"] == value:
                return rule["customer"]
            found = re.search(rule["regex"], value) if "regex" in rule else None
            if found:
                return found[1]
        return "untagged"

    def of(self, line: PlainLine) -> str:
        tags = {key.lower(): value.strip() for key, value in line.tags}
        for key in self._keys:
            if tags.get(key):
                return self._known(tags[key], line.day)
        return self._mapped(line)
