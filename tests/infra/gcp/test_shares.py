"""Customers' access: each reader exactly one folder, and nothing at all unless it is asked for."""

import hashlib
from pathlib import Path

import pulumi
import pulumi_gcp as gcp
import pytest

from handlers.site import Share, Shares
from infra.gcp.shares import READER_ROLE, CustomerShares
from infra.policies import POLICIES, check
from infra.policies.labels import as_registered
from infra.reading import ConfigError, Reader
from infra.recording import Recording, record
from infra.share_settings import read_shares

LABELS = {"managed-by": "ai-cost-monitoring"}
FOLDER = "gcp:storage/managedFolder:ManagedFolder"
GRANT = "gcp:storage/managedFolderIamMember:ManagedFolderIamMember"
BUCKET_GRANT = "gcp:storage/bucketIAMMember:BucketIAMMember"
SHARES = Shares(
    "gs://demo-shares/rows",
    shares=(
        Share("acme", ("group:finops@acme.example", "user:ann@acme.example")),
        Share("../acme", ("user:eve@evil.example",)),
        Share("globex", ()),
    ),
)


def key(customer: str) -> str:
    return hashlib.sha256(customer.encode()).hexdigest()[:16]


@pytest.fixture(scope="module")
def made() -> Recording:
    def program() -> None:
        provider = gcp.Provider(
            "gcp", project="demo-costs", region="europe-west3", default_labels=LABELS
        )
        CustomerShares(
            "shares",
            {
                "project": "demo-costs",
                "location": "EU",
                "shares": SHARES,
                "writer": "hub-daily@demo-costs.iam.gserviceaccount.com",
            },
            pulumi.ResourceOptions(providers=[provider]),
        )

    return record(program, {}, preview=False)


def test_each_reader_may_read_the_folder_of_its_customer_and_nothing_else(made: Recording) -> None:
    granted = {
        (each.inputs["member"], each.inputs["managedFolder"], each.inputs["role"])
        for each in made.of_type(GRANT)
    }
    assert granted == {
        ("group:finops@acme.example", f"rows/{key('acme')}/", READER_ROLE),
        ("user:ann@acme.example", f"rows/{key('acme')}/", READER_ROLE),
        ("user:eve@evil.example", f"rows/{key('../acme')}/", READER_ROLE),
    }
    folders = {each.inputs["name"] for each in made.of_type(FOLDER)}
    assert folders == {f"rows/{key(each.customer)}/" for each in SHARES.shares}
    (writer,) = made.of_type(BUCKET_GRANT)
    assert writer.inputs["member"] == "serviceAccount:hub-daily@demo-costs.iam.gserviceaccount.com"


def test_what_is_made_keeps_the_policies(made: Recording) -> None:
    graph = as_registered(made.resources, LABELS)
    assert [str(violation) for violation in check(graph, POLICIES)] == []


def test_a_folder_loses_its_readers_while_its_objects_stay(made: Recording) -> None:
    assert all(each.inputs["forceDestroy"] is True for each in made.of_type(FOLDER))
    (bucket,) = made.of_type("gcp:storage/bucket:Bucket")
    assert bucket.protect
    assert bucket.inputs["forceDestroy"] is False


def test_nothing_is_shared_unless_the_stack_names_a_file() -> None:
    assert read_shares(Reader({})) == Shares()
    assert read_shares(Reader({"shares_file": ""})) == Shares()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "to = 'build/shares'\n[[share]]\ncustomer = 'acme'\n",
            "shares to the folder build/shares",
        ),
        ("to = 'gs://b-1'\n[[share]]\ncustomer = 'acme'\nreaders = ['allUsers']\n", "allUsers"),
        ("to = 'gs://b-1'\n[[share]]\ncustomer = 'untagged'\n", "belongs to nobody"),
        ("columns = ['customer_key']\n", "customer_key"),
        (None, "can't be read"),
    ],
)
def test_a_file_that_can_not_be_granted_is_a_mistake_of_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    if text is not None:
        Path("shares.toml").write_text(text)
    reader = Reader({"shares_file": "shares.toml"})
    read_shares(reader)
    with pytest.raises(ConfigError, match=said):
        reader.refuse_mistakes(["shares_file"])
