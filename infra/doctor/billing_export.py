"""Google's billing export, which only a person can switch on.

Tables are named by Google, and lie where the dataset is that the person chose:
https://docs.cloud.google.com/billing/docs/how-to/export-data-bigquery-tables.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from infra.apis.web import Api, Refused
from infra.doctor.examination import Place
from infra.doctor.finding import Finding, finding
from infra.scopes import GcpScope

FRESH = timedelta(hours=48)
PAGES = 20


@dataclass(frozen=True)
class Dataset:
    """A dataset of the hub's project."""

    name: str
    location: str
    tables: frozenset[str]


@dataclass(frozen=True)
class Account:
    """A billing account of the configuration, and the words that its findings share."""

    scope: GcpScope
    number: int
    project: str
    wanted: str

    @property
    def suffix(self) -> str:
        """The account's id as it stands in a table's name."""
        return self.scope.id.replace("-", "_")

    @property
    def tables(self) -> Sequence[str]:
        """Names that its table can have, the better one first."""
        return tuple(f"gcp_billing_export_{kind}v1_{self.suffix}" for kind in ("resource_", ""))

    def finding(self, state: str, **names: object) -> Finding:
        """A finding about this account's export."""
        return finding(
            f"billing-export.{state}",
            account=self.scope.id,
            number=self.number,
            project=self.project,
            wanted=self.wanted,
            suffix=self.suffix,
            clicks=(
                f"Console > Billing > {self.scope.id} > Billing export > BigQuery export > "
                f"Detailed usage cost > Edit settings > project {self.project}"
            ),
            **names,
        )


def export(place: Place) -> Iterator[Finding]:
    """The export of each billing account: is it there, configured, in the right place, fresh?"""
    settings = place.environment.settings.gcp
    api = place.google.api("bigquery", settings.project)
    datasets: list[Dataset] | None = None
    for number, scope in enumerate(settings.scopes):
        account = Account(scope, number, settings.project, settings.bigquery_location)
        if scope.table:
            yield _configured(api, account, scope.table, place.now)
            continue
        if datasets is None:
            datasets = list(_datasets(api, settings.project))
        yield _searched(account, datasets)


def _configured(api: Api, account: Account, table: str, now: datetime) -> Finding:
    project, dataset, name = table.rsplit(".", 2)
    try:
        said = api.get(f"/bigquery/v2/projects/{project}/datasets/{dataset}/tables/{name}")
    except Refused as error:
        if error.status == 404:
            return account.finding("gone", table=table)
        if error.status == 403:
            return account.finding("other-project", table=table, error=error)
        raise
    location = str(said["location"])
    if location != account.wanted:
        return account.finding("location", table=table, location=location)
    modified = datetime.fromtimestamp(int(said["lastModifiedTime"]) / 1000, UTC)
    words = {"table": table, "location": location, "modified": f"{modified:%Y-%m-%d %H:%M}"}
    if now - modified > FRESH:
        hours = int((now - modified) / timedelta(hours=1))
        return account.finding("stale", hours=hours, **words)
    return account.finding("ok" if "_resource_v1_" in name else "standard", **words)


def _searched(account: Account, datasets: Sequence[Dataset]) -> Finding:
    """The export whose table is not configured: looked for in every dataset of the project."""
    found = [
        (dataset, table)
        for table in account.tables
        for dataset in datasets
        if table in dataset.tables
    ]
    # One in the right place is taken even when an older one is left elsewhere.
    found.sort(key=lambda one: one[0].location != account.wanted)
    if found:
        dataset, table = found[0]
        full = f"{account.project}.{dataset.name}.{table}"
        state = "not-configured" if dataset.location == account.wanted else "location"
        return account.finding(state, table=full, location=dataset.location)
    meant = [one for one in datasets if "billing" in one.name and one.location == account.wanted]
    if meant:
        return account.finding("awaited", dataset=meant[0].name)
    return account.finding("missing")


def _datasets(api: Api, project: str) -> Iterator[Dataset]:
    path = f"/bigquery/v2/projects/{project}/datasets"
    for one in _pages(api, path, "datasets"):
        name = str(one["datasetReference"]["datasetId"])
        tables = _pages(api, f"{path}/{name}/tables", "tables")
        names = frozenset(str(table["tableReference"]["tableId"]) for table in tables)
        yield Dataset(name, str(one["location"]), names)


def _pages(api: Api, path: str, key: str) -> Iterator[dict[str, Any]]:
    token: dict[str, str] = {}
    for _ in range(PAGES):
        answer = api.get(path, {"maxResults": "1000", **token})
        yield from cast("list[dict[str, Any]]", answer.get(key, []))
        if "nextPageToken" not in answer:
            return
        token = {"pageToken": str(answer["nextPageToken"])}
