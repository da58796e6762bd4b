"""Exports in a container: whose they are, which counts, and what a fault leaves behind."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from handlers.errors import BillError
from handlers.load.overlap import refuse_overlaps
from handlers.record import Cloud
from handlers.scopes import AzureExport, AzureScope
from handlers.sources import Snapshot
from handlers.sources.azure.faults import BlobChanged, BlobVanished
from handlers.sources.azure.source import AzureSource
from handlers.sources.folder import FolderSource
from handlers.sources.objects import FolderObjects, SourceUnavailable
from handlers.sources.refusals import Refusal
from tests.fakes.azure_blobs import FakeBlobs
from tests.fakes.azure_blobs_http import Fault, Seen
from tests.handlers.sources.azure.bills import (
    ENROLLMENT,
    SUBSCRIPTION,
    csv_bytes,
    ea_bytes,
    export,
    gzipped,
)
from tests.handlers.sources.azure.clouds import (
    CONTAINER,
    NOVEMBER,
    OCTOBER,
    cost_of,
    scope_of,
    source_of,
    upload,
)

pytestmark = pytest.mark.slow

SECOND_RUN = "0b1c2d3e-0000-4000-8000-000000000002"
LATER = "2026-12-03T05:00:00Z"
PART = "part_0_0001.csv"
OTHER_SUBSCRIPTION = "00000000-0000-4000-8000-000000000009"


def costing(*amounts: str) -> bytes:
    return ea_bytes(*({"CostInBillingCurrency": amount} for amount in amounts))


def enrollment(blobs: FakeBlobs, **changes: str) -> AzureScope:
    return replace(scope_of(blobs.account_url, ENROLLMENT), **changes)


def fill(blobs: FakeBlobs, folder: Path) -> None:
    upload(folder, lambda key, content: blobs.put(CONTAINER, key, content))


def found(blobs: FakeBlobs, *scopes: AzureScope, periods: tuple[date, ...] = ()) -> list[Snapshot]:
    return list(source_of(blobs, *scopes or (enrollment(blobs),)).snapshots(periods))


def refused(blobs: FakeBlobs, *scopes: AzureScope) -> tuple[list[Snapshot], list[Refusal]]:
    refusals: list[Refusal] = []
    source = source_of(blobs, *scopes or (enrollment(blobs),))
    return list(source.snapshots([], refusals.append)), refusals


def test_names_and_manifests_alone_are_read_to_find_a_bill_and_its_version(
    blobs: FakeBlobs, tmp_path: Path
) -> None:
    export(costing("1.25", "2.5"), rows=2).write(tmp_path)
    fill(blobs, tmp_path)

    (snapshot,) = found(blobs)

    assert (snapshot.scope, snapshot.period) == ("8675309", NOVEMBER)
    reads = [each.path for each in blobs.faults.requests if "x-ms-range" in each.headers]
    assert [Path(path).name for path in reads] == ["manifest.json"]
    assert cost_of(snapshot) == (2, Decimal("3.75"))


def test_a_folder_and_a_container_hold_the_same_bills(blobs: FakeBlobs, tmp_path: Path) -> None:
    export(costing("7"), run=SECOND_RUN, submitted="2026-11-09T23:00:00Z").write(tmp_path)
    export(gzipped(costing("8"))).write(tmp_path)
    october = {"Date": "10/05/2026", "CostInBillingCurrency": "3"}
    export(ea_bytes(october), period="20261001-20261031").write(tmp_path)
    fill(blobs, tmp_path)

    ours = [(each.scope, each.period, cost_of(each)) for each in found(blobs)]

    folder = FolderSource(tmp_path).snapshots([])
    assert ours == [(each.scope, each.period, cost_of(each)) for each in folder]
    assert [cost for _, _, (_, cost) in ours] == [Decimal(3), Decimal(8)]


def test_the_same_code_finds_a_scopes_bills_in_a_folder(tmp_path: Path) -> None:
    export(costing("8")).write(tmp_path)
    scope = scope_of("https://unused.blob.core.windows.net", ENROLLMENT)

    (snapshot,) = AzureSource([scope], lambda _: FolderObjects(tmp_path)).snapshots([])

    assert (snapshot.scope, cost_of(snapshot)) == ("8675309", (1, Decimal(8)))


def test_manifests_of_months_that_nobody_asked_for_are_not_read(
    blobs: FakeBlobs, tmp_path: Path
) -> None:
    for period in ("20260901-20260930", "20261001-20261031", "20261101-20261130"):
        export(costing("8"), period=period).write(tmp_path)
    fill(blobs, tmp_path)

    (snapshot,) = found(blobs, periods=(OCTOBER,))

    assert snapshot.period == OCTOBER
    assert len([each for each in blobs.faults.requests if "x-ms-range" in each.headers]) == 1


def test_of_several_exports_in_a_container_each_scope_gets_its_own_kind(
    blobs: FakeBlobs, tmp_path: Path
) -> None:
    other = f"/subscriptions/{SUBSCRIPTION}"
    export(costing("1"), name="actual").write(tmp_path)
    export(costing("2"), name="amortized", type="AmortizedCost").write(tmp_path)
    export(costing("4"), name="labs", resource=other).write(tmp_path)
    fill(blobs, tmp_path)
    amortized = enrollment(blobs, export=AzureExport.AMORTIZED)
    subscription = enrollment(blobs, id=f"/Subscriptions/{SUBSCRIPTION.upper()}")

    assert [cost_of(each)[1] for each in found(blobs)] == [Decimal(1)]
    assert [cost_of(each)[1] for each in found(blobs, amortized)] == [Decimal(2)]
    (snapshot,) = found(blobs, subscription)
    assert (snapshot.scope, cost_of(snapshot)[1]) == (SUBSCRIPTION, Decimal(4))


def test_a_container_with_exports_of_others_only_says_whose(
    blobs: FakeBlobs, tmp_path: Path
) -> None:
    export(costing("8"), type="FocusCost").write(tmp_path)
    fill(blobs, tmp_path)

    snapshots, (refusal,) = refused(blobs)

    assert snapshots == []
    assert f"'focuscost' of {ENROLLMENT}" in str(refusal.error)


def test_a_container_in_which_nothing_was_written_yet_is_no_failure(blobs: FakeBlobs) -> None:
    assert refused(blobs) == ([], [])


def test_two_exports_of_the_same_bill_are_refused_both(blobs: FakeBlobs, tmp_path: Path) -> None:
    export(costing("8"), name="one").write(tmp_path)
    export(costing("8"), name="two").write(tmp_path)
    export(costing("9"), name="one", period="20261001-20261031").write(tmp_path)
    fill(blobs, tmp_path)

    snapshots, refusals = refused(blobs)

    assert [each.period for each in snapshots] == [OCTOBER]
    assert [each.period for each in refusals] == [NOVEMBER, NOVEMBER]
    assert all("there twice" in str(each.error) for each in refusals)


def test_a_prefix_tells_two_exports_of_one_scope_apart(blobs: FakeBlobs, tmp_path: Path) -> None:
    export(costing("8"), name="one").write(tmp_path)
    export(costing("9"), name="two").write(tmp_path)
    fill(blobs, tmp_path)

    (snapshot,) = found(blobs, enrollment(blobs, prefix="acme/two"))

    assert cost_of(snapshot)[1] == Decimal(9)


@pytest.mark.parametrize(
    ("scope_id", "cells"),
    [
        (ENROLLMENT, {"BillingAccountId": "5550142"}),
        (f"/subscriptions/{SUBSCRIPTION}", {"SubscriptionId": OTHER_SUBSCRIPTION}),
        (
            "/providers/Microsoft.Billing/billingAccounts/a:b/billingProfiles/Q-7",
            {"BillingProfileId": "Q-8"},
        ),
    ],
)
def test_a_bill_that_turns_out_to_be_anothers_is_refused_when_it_is_read(
    blobs: FakeBlobs, tmp_path: Path, scope_id: str, cells: dict[str, str]
) -> None:
    export(ea_bytes(cells), resource="").write(tmp_path)
    fill(blobs, tmp_path)

    (snapshot,) = found(blobs, enrollment(blobs, id=scope_id))

    with pytest.raises(BillError, match="whose bill this should be") as refusal:
        cost_of(snapshot)
    assert refusal.value.place.row == 2


def test_a_charge_of_the_whole_account_that_names_no_subscription_is_taken(
    blobs: FakeBlobs, tmp_path: Path
) -> None:
    export(ea_bytes({"SubscriptionId": "", "CostInBillingCurrency": "5"}), resource="").write(
        tmp_path
    )
    fill(blobs, tmp_path)

    (snapshot,) = found(blobs, enrollment(blobs, id=f"/subscriptions/{SUBSCRIPTION}"))

    assert cost_of(snapshot) == (1, Decimal(5))


def test_a_bill_that_does_not_say_whose_it_is_is_refused(blobs: FakeBlobs, tmp_path: Path) -> None:
    line = {"Date": "11/05/2026", "Cost": "1", "Quantity": "1", "Currency": "USD"}
    words = {"MeterCategory": "Storage", "MeterName": "LRS"}
    content = csv_bytes([*line, *words], [line | words])
    export(content, resource="").write(tmp_path)
    fill(blobs, tmp_path)

    (snapshot,) = found(blobs)

    with pytest.raises(BillError, match="does not say whose it is"):
        cost_of(snapshot)


def test_a_profile_and_the_account_that_holds_it_overlap_before_anything_is_read(
    blobs: FakeBlobs, tmp_path: Path
) -> None:
    profile = f"{ENROLLMENT}/billingProfiles/Q-7"
    export(costing("8"), name="one").write(tmp_path)
    export(costing("8"), name="two", resource=profile).write(tmp_path)
    fill(blobs, tmp_path)

    snapshots = found(blobs, enrollment(blobs), enrollment(blobs, id=profile))

    with pytest.raises(Exception, match="8675309 and Q-7 overlap"):
        refuse_overlaps(snapshots, _nothing_loaded)


def _nothing_loaded(_cloud: Cloud, _period: date) -> list[tuple[str, str]]:
    return []


def test_amortised_costs_are_taken_as_effective_costs_where_they_were_chosen(
    blobs: FakeBlobs, tmp_path: Path
) -> None:
    export(costing("8"), type="AmortizedCost").write(tmp_path)
    fill(blobs, tmp_path)

    (snapshot,) = found(blobs, enrollment(blobs, export=AzureExport.AMORTIZED))
    columns = dict.fromkeys(ea_bytes().split(b"\r\n")[0].decode().split(","), "VARCHAR")
    reading = snapshot.layout(snapshot.parts[0], columns, snapshot.file_format)

    assert reading.lines["effective"] == reading.lines["cost"]


def test_a_restated_month_has_another_version_and_a_second_look_the_same(
    blobs: FakeBlobs, tmp_path: Path
) -> None:
    export(costing("7")).write(tmp_path)
    export(costing("1"), period="20261001-20261031").write(tmp_path)
    fill(blobs, tmp_path)
    before = {each.period: each.version for each in found(blobs)}
    again = {each.period: each.version for each in found(blobs)}

    export(costing("9"), run=SECOND_RUN, submitted=LATER).write(tmp_path)
    fill(blobs, tmp_path)
    after = {each.period: each.version for each in found(blobs)}

    assert before == again
    assert after[OCTOBER] == before[OCTOBER]
    assert after[NOVEMBER] != before[NOVEMBER]


def test_an_export_without_a_manifest_has_another_version_when_its_content_changes(
    blobs: FakeBlobs,
) -> None:
    versions: list[str] = []
    for amount in ("8", "9", "8"):
        blobs.put(CONTAINER, "actual/20261101-20261130/actual_1.csv", costing(amount))
        versions += [each.version for each in found(blobs)]

    assert versions[0] == versions[2] != versions[1]


def test_a_part_that_vanishes_between_manifest_and_download_is_named(
    blobs: FakeBlobs, tmp_path: Path
) -> None:
    manifest = export(costing("8")).write(tmp_path)
    fill(blobs, tmp_path)
    (snapshot,) = found(blobs)
    key = (manifest.parent / PART).relative_to(tmp_path).as_posix()

    blobs.delete(CONTAINER, key)

    with pytest.raises(BlobVanished) as vanished:
        cost_of(snapshot)
    assert vanished.value.place.file.endswith(PART)
    blobs.put(CONTAINER, key, costing("8"))
    assert [cost_of(each)[1] for each in found(blobs)] == [Decimal(8)]


def test_a_part_that_is_replaced_between_manifest_and_download_is_not_mixed_in(
    blobs: FakeBlobs, tmp_path: Path
) -> None:
    manifest = export(costing("8")).write(tmp_path)
    fill(blobs, tmp_path)
    (snapshot,) = found(blobs)

    key = (manifest.parent / PART).relative_to(tmp_path).as_posix()
    blobs.put(CONTAINER, key, costing("9"))

    with pytest.raises(BlobChanged):
        cost_of(snapshot)


def test_a_manifest_that_is_replaced_while_it_is_read_refuses_its_month_and_no_other(
    blobs: FakeBlobs, tmp_path: Path
) -> None:
    export(costing("8")).write(tmp_path)
    export(costing("3"), period="20261001-20261031").write(tmp_path)
    fill(blobs, tmp_path)

    def replace_manifest(request: Seen) -> None:
        if request.path.endswith("manifest.json") and "20261101" in request.path:
            key = request.path.split(f"/{CONTAINER}/", 1)[1]
            blobs.put(CONTAINER, key, b'{"blobs": []}')

    blobs.faults.before = replace_manifest
    snapshots, (refusal,) = refused(blobs)

    assert [each.period for each in snapshots] == [OCTOBER]
    assert (refusal.scope, refusal.period) == ("8675309", NOVEMBER)
    assert isinstance(refusal.error, BlobChanged)


def test_a_manifest_whose_part_has_not_come_is_left_to_a_later_run(
    blobs: FakeBlobs, tmp_path: Path
) -> None:
    export(costing("8"), blobs=["part_9.csv"]).write(tmp_path)
    fill(blobs, tmp_path)

    _, (refusal,) = refused(blobs)

    assert isinstance(refusal.error, SourceUnavailable)


def test_a_scope_whose_container_is_away_does_not_keep_the_others_from_being_found(
    blobs: FakeBlobs, tmp_path: Path
) -> None:
    export(costing("8")).write(tmp_path)
    fill(blobs, tmp_path)
    gone = enrollment(blobs, id=f"/subscriptions/{SUBSCRIPTION}", container="gone")

    snapshots, (refusal,) = refused(blobs, gone, enrollment(blobs))

    assert [each.scope for each in snapshots] == ["8675309"]
    assert (refusal.scope, refusal.period) == (SUBSCRIPTION, None)


def test_a_connection_that_breaks_in_a_part_changes_no_amount(
    blobs: FakeBlobs, tmp_path: Path
) -> None:
    amounts = [f"{number}.01" for number in range(1, 2001)]
    export(costing(*amounts), rows=len(amounts)).write(tmp_path)
    fill(blobs, tmp_path)
    (snapshot,) = found(blobs)
    blobs.faults.coming += [Fault(sent=70_000, only=PART), Fault(503, only=PART)]

    assert cost_of(snapshot) == (2000, sum(map(Decimal, amounts)))
