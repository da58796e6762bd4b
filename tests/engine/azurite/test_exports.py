"""Exports in Microsoft's own emulator of blob storage, read with a token as in the cloud."""

import csv
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from azure.storage.blob import ContainerClient, ContentSettings

from handlers.sample import write_sample
from handlers.scopes import AzureExport, AzureScope
from handlers.sources import Snapshot
from handlers.sources.azure.blobs import BlobObjects, container_of
from handlers.sources.azure.faults import BlobChanged, BlobDamaged, BlobUnreachable, BlobVanished
from handlers.sources.azure.source import azure_source
from tests.fakes.azurite import Azurite, token
from tests.handlers.sources.azure.clouds import Waits, cost_of, credential

pytestmark = pytest.mark.engine

END = date(2026, 11, 12)
EXPORTS: Mapping[str, AzureExport] = {
    "azure-focus-1.0": AzureExport.FOCUS,
    "azure-focus-1.2": AzureExport.FOCUS,
}
SCOPE_IDS: Mapping[str, str] = {
    "azure-payg": "/subscriptions/{id}",
    "azure-mca": "/providers/Microsoft.Billing/billingAccounts/{id}/billingProfiles/{id}",
}
ACCOUNT = "/providers/Microsoft.Billing/billingAccounts/{id}"


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bills") / "sample"
    write_sample(folder, seed=1, days=45, end=END)
    return folder


@pytest.fixture
def container(azurite: Azurite, request: pytest.FixtureRequest) -> Iterator[ContainerClient]:
    """A container of the test's own."""
    name = "t" + "".join(filter(str.isalnum, request.node.name.lower()))[-50:]
    with azurite.container(name) as made:
        yield made
        made.delete_container()


def stated(sample: Path) -> list[dict[str, str]]:
    """What the sample says of its Azure bills, summed as they were written."""
    with (sample / "truth" / "scopes.csv").open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["cloud"] == "Azure"]


def scope_of(row: Mapping[str, str], azurite: Azurite, container: str) -> AzureScope:
    scope_id = SCOPE_IDS.get(row["format"], ACCOUNT).format(id=row["scope"])
    return AzureScope(
        id=scope_id,
        account_url=azurite.account_url,
        container=container,
        prefix="",
        export=EXPORTS.get(row["format"], AzureExport.ACTUAL),
    )


def upload(container: ContainerClient, folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            container.upload_blob(path.relative_to(folder).as_posix(), path.read_bytes())


def found(azurite: Azurite, scopes: list[AzureScope], *periods: date) -> list[Snapshot]:
    tokens = credential(*[token()] * len(scopes))
    source = azure_source(scopes, tokens, Waits().patience, azurite.opened)
    return list(source.snapshots(periods))


def test_every_sample_bill_comes_out_of_a_container_to_the_last_digit(
    azurite: Azurite, container: ContainerClient, sample: Path
) -> None:
    upload(container, sample / "azure")
    rows = stated(sample)
    scopes = {row["scope"]: scope_of(row, azurite, container.container_name) for row in rows}

    ours = {
        (each.scope, f"{each.period:%Y-%m}"): cost_of(each)
        for each in found(azurite, list(scopes.values()))
    }

    assert len(scopes) == 5
    assert ours == {
        (row["scope"], row["billing_period"]): (int(row["all_lines"]), Decimal(row["all_cost"]))
        for row in rows
    }


def test_a_second_look_finds_the_same_versions_and_a_restated_month_moves_only_its_period(
    azurite: Azurite, container: ContainerClient, sample: Path
) -> None:
    upload(container, sample / "azure")
    row = next(each for each in stated(sample) if each["format"] == "azure-payg")
    scope = scope_of(row, azurite, container.container_name)
    before = {each.period: each.version for each in found(azurite, [scope])}
    assert {each.period: each.version for each in found(azurite, [scope])} == before

    part = next(
        name
        for name in container.list_blob_names()
        if name.startswith("azure-c") and "20261101" in name and name.endswith(".csv")
    )
    container.upload_blob(part, b"Date,Cost\r\n", overwrite=True)

    after = {each.period: each.version for each in found(azurite, [scope])}
    november = date(2026, 11, 1)
    assert {period for period in before if after[period] != before[period]} == {november}


def objects(azurite: Azurite, container: ContainerClient, held: str) -> BlobObjects:
    scope = AzureScope(
        id="/subscriptions/11d0c4a8-6f21-4a7e-9b35-0c8e2f7d1a64",
        account_url=azurite.account_url,
        container=container.container_name,
        prefix="",
        export=AzureExport.ACTUAL,
    )
    opened = azurite.opened.enter_context(container_of(scope, credential(held)))
    return BlobObjects(opened, Waits().patience)


def test_a_large_part_is_read_in_ranges_and_checked_as_a_whole(
    azurite: Azurite, container: ContainerClient
) -> None:
    content = bytes(range(256)) * 40_000
    container.upload_blob("part.csv", content)
    store = objects(azurite, container, token())
    (item,) = store.below("")

    with store.part(item).open() as stream:
        assert stream.read() == content
    wrong = ContentSettings(content_md5=bytearray(16))
    container.get_blob_client("part.csv").set_http_headers(wrong)
    (item,) = store.below("")
    with store.part(item).open() as stream, pytest.raises(BlobDamaged):
        stream.read()


def test_a_blob_that_is_replaced_or_deleted_while_it_is_read_ends_the_read(
    azurite: Azurite, container: ContainerClient
) -> None:
    content = bytes(range(256)) * 4000
    container.upload_blob("part.csv", content)
    store = objects(azurite, container, token())
    (item,) = store.below("")

    with store.part(item).open() as stream:
        stream.read(1)
        container.upload_blob("part.csv", content, overwrite=True)
        with pytest.raises(BlobChanged):
            stream.read()
    container.delete_blob("part.csv")
    # Where the cloud says 404, azurite says that the condition does not hold.
    with store.part(item).open() as stream, pytest.raises((BlobVanished, BlobChanged)):
        stream.read()


def test_a_token_that_has_expired_opens_nothing(
    azurite: Azurite, container: ContainerClient
) -> None:
    store = objects(azurite, container, token(expires_in=-3600))

    with pytest.raises(BlobUnreachable, match=r"401|403"):
        list(store.below(""))
