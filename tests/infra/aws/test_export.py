from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from handlers.sources.aws.export import export_columns
from infra.aws.export import QUERY_LIMIT, CostExport, query_statement
from infra.recording import Recorded, record

# The columns of CUR 2.0 with resources, as the console selects them by default:
# https://docs.aws.amazon.com/cur/latest/userguide/table-dictionary-cur2.html
_CUR2_COLUMNS = """
    bill_bill_type bill_billing_entity bill_billing_period_end_date bill_billing_period_start_date
    bill_invoice_id bill_invoicing_entity bill_payer_account_id bill_payer_account_name
    cost_category discount discount_bundled_discount discount_total_discount
    identity_line_item_id identity_time_interval line_item_availability_zone
    line_item_blended_cost line_item_blended_rate line_item_currency_code line_item_legal_entity
    line_item_line_item_description line_item_line_item_type line_item_net_unblended_cost
    line_item_net_unblended_rate line_item_normalization_factor
    line_item_normalized_usage_amount line_item_operation line_item_product_code
    line_item_resource_id line_item_tax_type line_item_unblended_cost line_item_unblended_rate
    line_item_usage_account_id line_item_usage_account_name line_item_usage_amount
    line_item_usage_end_date line_item_usage_start_date line_item_usage_type pricing_currency
    pricing_lease_contract_length pricing_offering_class pricing_public_on_demand_cost
    pricing_public_on_demand_rate pricing_purchase_option pricing_rate_code pricing_rate_id
    pricing_term pricing_unit product product_comment product_fee_code product_fee_description
    product_from_location product_from_location_type product_from_region_code
    product_instance_family product_instance_type product_instancesku product_location
    product_location_type product_operation product_pricing_unit product_product_family
    product_region_code product_servicecode product_sku product_to_location
    product_to_location_type product_to_region_code product_usagetype
    reservation_amortized_upfront_cost_for_usage
    reservation_amortized_upfront_fee_for_billing_period reservation_availability_zone
    reservation_effective_cost reservation_end_time reservation_modification_status
    reservation_net_amortized_upfront_cost_for_usage
    reservation_net_amortized_upfront_fee_for_billing_period reservation_net_effective_cost
    reservation_net_recurring_fee_for_usage
    reservation_net_unused_amortized_upfront_fee_for_billing_period
    reservation_net_unused_recurring_fee reservation_net_upfront_value
    reservation_normalized_units_per_reservation reservation_number_of_reservations
    reservation_recurring_fee_for_usage reservation_reservation_a_r_n reservation_start_time
    reservation_subscription_id reservation_total_reserved_normalized_units
    reservation_total_reserved_units reservation_units_per_reservation
    reservation_unused_amortized_upfront_fee_for_billing_period
    reservation_unused_normalized_unit_quantity reservation_unused_quantity
    reservation_unused_recurring_fee reservation_upfront_value resource_tags
    savings_plan_amortized_upfront_commitment_for_billing_period savings_plan_end_time
    savings_plan_instance_type_family
    savings_plan_net_amortized_upfront_commitment_for_billing_period
    savings_plan_net_recurring_commitment_for_billing_period
    savings_plan_net_savings_plan_effective_cost savings_plan_offering_type
    savings_plan_payment_option savings_plan_purchase_term
    savings_plan_recurring_commitment_for_billing_period savings_plan_region
    savings_plan_savings_plan_a_r_n savings_plan_savings_plan_effective_cost
    savings_plan_savings_plan_rate savings_plan_start_time savings_plan_total_commitment_to_date
    savings_plan_used_commitment tags
"""
CUR2 = frozenset(_CUR2_COLUMNS.split())


def program() -> None:
    made()


def made() -> CostExport:
    provider = aws.Provider("aws", region="eu-central-1")
    return CostExport(
        "bills",
        {
            "account": "111122223333",
            "bucket": "aws-cost-exports-111122223333",
            "bucket_region": "eu-central-1",
            "prefix": "cost-reports",
            "export_name": "llm-cost-export",
        },
        pulumi.ResourceOptions(providers=[provider]),
    )


def watch(output: pulumi.Output[str], seen: list[str]) -> None:
    output.apply(seen.append)


def exported(*, preview: bool = False) -> Recorded:
    [export] = record(program, {}, preview=preview).of_type("aws:bcmdata/export:Export")
    return export


def destination() -> dict[str, Any]:
    [found] = exported().inputs["export"]["destinationConfigurations"][0]["s3Destinations"]
    return found


def table() -> dict[str, str]:
    [query] = exported().inputs["export"]["dataQueries"]
    return query["tableConfigurations"]["COST_AND_USAGE_REPORT"]


@pytest.mark.parametrize("preview", [False, True], ids=["up", "preview"])
def test_the_export_hangs_on_its_component_and_names_its_provider(preview: bool) -> None:
    recording = record(program, {}, preview=preview)
    [component] = recording.of_type("ai-cost-monitoring:aws:CostExport")
    [export] = recording.of_type("aws:bcmdata/export:Export")
    assert export.parent == component.urn
    assert "pulumi:providers:aws::aws" in export.provider
    assert component.urn in recording.registered_outputs


def test_the_export_asks_for_columns_that_cur_2_has_and_for_each_once() -> None:
    assert set(export_columns()) <= CUR2
    assert len(set(export_columns())) == len(export_columns())


def test_the_export_asks_for_what_a_load_and_its_attribution_can_not_do_without() -> None:
    assert {
        "bill_payer_account_id",
        "line_item_usage_account_id",
        "line_item_line_item_type",
        "line_item_usage_start_date",
        "line_item_usage_end_date",
        "line_item_usage_type",
        "line_item_usage_amount",
        "line_item_unblended_cost",
        "line_item_net_unblended_cost",
        "line_item_currency_code",
        "line_item_resource_id",
        "product",
        "resource_tags",
        "tags",
    } <= set(export_columns())


def test_the_query_names_its_columns_and_leaves_no_row_out() -> None:
    columns = ", ".join(export_columns())
    [query] = exported().inputs["export"]["dataQueries"]
    assert query["queryStatement"] == f"SELECT {columns} FROM COST_AND_USAGE_REPORT"
    assert "WHERE" not in query["queryStatement"]
    assert "*" not in query["queryStatement"]


def test_the_query_is_within_the_limit_of_data_exports() -> None:
    # https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_DataExports_DataQuery.html
    assert QUERY_LIMIT == 36_000
    assert len(query_statement()) <= 36_000


def test_the_bill_is_hourly_and_by_resource_and_every_key_of_the_table_is_set() -> None:
    # A key that is left out comes back from AWS and looks like a change:
    # https://github.com/hashicorp/terraform-provider-aws/issues/48807
    assert table() == {
        "BILLING_VIEW_ARN": "arn:aws:billing::111122223333:billingview/primary",
        "INCLUDE_CAPACITY_RESERVATION_DATA": "FALSE",
        "INCLUDE_IAM_PRINCIPAL_DATA": "FALSE",
        "INCLUDE_MANUAL_DISCOUNT_COMPATIBILITY": "FALSE",
        "INCLUDE_RESOURCES": "TRUE",
        "INCLUDE_SPLIT_COST_ALLOCATION_DATA": "FALSE",
        "TIME_GRANULARITY": "HOURLY",
    }


def test_a_key_that_aws_adds_does_not_replace_the_export() -> None:
    assert exported().ignore_changes == ("export.dataQueries[0].tableConfigurations",)


def test_parquet_overwrites_what_was_delivered_before() -> None:
    assert destination() == {
        "s3Bucket": "aws-cost-exports-111122223333",
        "s3Prefix": "cost-reports",
        "s3Region": "eu-central-1",
        "s3OutputConfigurations": [
            {
                "outputType": "CUSTOM",
                "format": "PARQUET",
                "compression": "PARQUET",
                "overwrite": "OVERWRITE_REPORT",
            }
        ],
    }
    assert exported().inputs["export"]["refreshCadences"] == [{"frequency": "SYNCHRONOUS"}]


def test_the_manifests_lie_where_data_exports_puts_them() -> None:
    # https://docs.aws.amazon.com/cur/latest/userguide/dataexports-export-delivery.html
    folders: list[str] = []
    record(lambda: watch(made().manifests, folders), {})
    assert folders == ["cost-reports/llm-cost-export/metadata"]
