from handlers.scopes import AwsExport
from infra.aws.bills import Bills, bills_of
from infra.native_settings import CollectorRuntime
from infra.scopes import AwsAdoption, AwsScope
from infra.settings import AwsSettings, Job, RedshiftSettings

PAYER = "111122223333"


def bills(adopt: AwsAdoption) -> Bills:
    scope = AwsScope(id=PAYER, adopt=adopt)
    settings = AwsSettings(
        region="us-east-1",
        export_bucket="aws-cost-exports-{account}",
        export_name="llm-cost-export",
        export_prefix="cost-reports",
        cost_allocation_tags=(),
        scopes=(scope,),
        job=Job(name="aws-daily-etl", schedule="0 3 * * *"),
        redshift=RedshiftSettings(
            account=PAYER,
            zones=("a", "b", "c"),
            capacity=4,
            daily_rpu_hours=12,
            job=Job(name="aws-native-etl", schedule="30 3 * * *"),
            runtime=CollectorRuntime.FUNCTION,
            image="",
        ),
    )
    return bills_of(settings, scope)


def test_what_is_not_adopted_is_made_as_configured() -> None:
    assert bills(AwsAdoption()) == Bills(
        bucket="aws-cost-exports-111122223333",
        region="us-east-1",
        prefix="cost-reports",
        name="llm-cost-export",
        kind=AwsExport.CUR2,
        role_arn=None,
        adopts_bucket=False,
        adopts_export=False,
    )


def test_an_adopted_export_is_read_where_it_is_and_nothing_is_made_for_it() -> None:
    found = bills(
        AwsAdoption(
            bucket="finance", bucket_region="eu-west-1", export="cur2", export_prefix="exports/"
        )
    )
    assert (found.bucket, found.region, found.prefix, found.name) == (
        "finance",
        "eu-west-1",
        "exports",
        "cur2",
    )
    assert found.kind is AwsExport.CUR2
    assert found.adopts_bucket
    assert found.adopts_export


def test_an_adopted_export_without_a_folder_lies_at_the_buckets_root() -> None:
    found = bills(AwsAdoption(bucket="finance", bucket_region="eu-west-1", export="cur2"))
    assert found.prefix == ""


def test_a_legacy_report_is_told_from_an_export() -> None:
    found = bills(AwsAdoption(bucket="finance", bucket_region="eu-west-1", report="cur"))
    assert (found.kind, found.name, found.adopts_export) == (AwsExport.LEGACY, "cur", True)


def test_an_adopted_bucket_alone_gets_a_new_export_in_the_configured_folder() -> None:
    found = bills(AwsAdoption(bucket="finance", bucket_region="eu-west-1"))
    assert (found.bucket, found.region, found.prefix) == ("finance", "eu-west-1", "cost-reports")
    assert found.adopts_bucket
    assert not found.adopts_export


def test_an_adopted_role_is_taken_as_it_is() -> None:
    arn = "arn:aws:iam::111122223333:role/reader"
    assert bills(AwsAdoption(collector_role=arn)).role_arn == arn
