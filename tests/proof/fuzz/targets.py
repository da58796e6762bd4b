"""The fuzz targets by name. Each takes bytes and ends well, or with a defect's own error."""

from collections.abc import Callable, Mapping

from tests.proof.fuzz import bills, words

Target = Callable[[bytes], None]

TARGETS: Mapping[str, Target] = {
    "aws_manifest": bills.aws_manifest,
    "azure_manifest": bills.azure_manifest,
    "csv_header": bills.csv_header,
    "tags_json": bills.tags_json,
    "messages": words.messages,
    "events": words.events,
    "data_api_replies": words.data_api_replies,
    "addresses": words.addresses,
    "configuration": words.configuration,
    "site_files": words.site_files,
}
