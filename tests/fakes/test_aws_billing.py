"""What the fake of AWS's billing APIs answers is what botocore's service model says they answer.

Its Stubber refuses an answer or a request with a name, a type or a required part that is not so.
"""

from collections.abc import Callable, Mapping
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, StubResponseError
from botocore.stub import Stubber

from tests.fakes.aws_billing import AwsBilling, aws_billing

ACCOUNT = "111122223333"
EXPORT = {
    "ExportArn": f"arn:aws:bcm-data-exports:us-east-1:{ACCOUNT}:export/cur2-1",
    "ExportName": "cur2",
    "ExportStatus": {"StatusCode": "HEALTHY", "CreatedAt": 1_763_600_000},
}
KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
CALLS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "bcm-data-exports": ("list_exports", {}),
    "cur": ("describe_report_definitions", {}),
    "ce": ("list_cost_allocation_tags", {"Type": "UserDefined"}),
}

Ask = Callable[..., Mapping[str, Any]]


def client(service: str, **options: str) -> Any:  # noqa: ANN401 - boto3 makes it as it runs
    sdk: Any = boto3
    return sdk.client(service, **KEYS, **options)


@pytest.mark.parametrize("service", CALLS)
def test_each_answer_is_one_that_the_service_model_allows(service: str) -> None:
    operation, asked = CALLS[service]
    aws = AwsBilling(exports=[EXPORT] * 3, reports=["hourly"], tags={"customer_id": "Active"})
    with aws_billing(aws) as address:
        real = client(service, endpoint_url=address)
        answer = dict(getattr(real, operation)(**asked))
        real.close()
    answer.pop("ResponseMetadata")
    stubbed = client(service)
    planned: Any = Stubber(stubbed)
    with planned as stubber:
        stubber.add_response(operation, answer, dict(asked))
        assert {**getattr(stubbed, operation)(**asked)} == answer
        stubber.assert_no_pending_responses()
    stubbed.close()


def test_a_request_that_nobody_planned_and_an_unsigned_region_are_refused() -> None:
    stubbed = client("bcm-data-exports")
    with Stubber(stubbed), pytest.raises(StubResponseError):
        stubbed.list_exports()
    stubbed.close()
    with aws_billing(AwsBilling()) as address:
        real = client("bcm-data-exports", endpoint_url=address)
        with pytest.raises(ClientError, match="UnknownOperation"):
            real.get_export(ExportArn=EXPORT["ExportArn"])
        real.close()
