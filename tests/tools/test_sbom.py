"""The bill of materials lists what a lock installs, in CycloneDX's own form."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tools.licences import locks
from tools.sbom import bill, main

# What the schema of CycloneDX 1.6 requires and allows (https://cyclonedx.org/docs/1.6/json/):
REQUIRED = {"bomFormat", "specVersion"}
TOP = REQUIRED | {"$schema", "serialNumber", "version", "metadata", "components"}
COMPONENT = {"type", "bom-ref", "name", "version", "purl", "licenses", "externalReferences"}
SERIAL = r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


@pytest.fixture
def aws(root: Path) -> dict[str, Any]:
    return bill("aws", locks(root)["aws"])


def test_it_has_the_fields_of_cyclonedx(aws: dict[str, Any]) -> None:
    assert REQUIRED <= aws.keys() <= TOP
    assert (aws["bomFormat"], aws["specVersion"]) == ("CycloneDX", "1.6")
    assert re.fullmatch(SERIAL, aws["serialNumber"])
    assert isinstance(aws["version"], int)
    assert {"type", "name"} <= aws["metadata"]["component"].keys()
    for component in aws["components"]:
        assert component.keys() == COMPONENT
        assert component["type"] == "library"
        [reference] = component["externalReferences"]
        assert {"type", "url"} <= reference.keys()
        for each in reference["hashes"]:
            assert each["alg"] == "SHA-256"
            assert re.fullmatch(r"[0-9a-f]{64}", each["content"])
    references = [component["bom-ref"] for component in aws["components"]]
    assert len(references) == len(set(references))


def test_every_pin_of_a_lock_is_in_it_with_every_hash(aws: dict[str, Any], root: Path) -> None:
    text = locks(root)["aws"].read_text("utf-8")
    pins = {line.split()[0] for line in text.splitlines() if re.match(r"[a-z0-9].*==", line)}
    assert {f"{one['name']}=={one['version']}" for one in aws["components"]} == pins
    hashes = [
        each["content"]
        for component in aws["components"]
        for each in component["externalReferences"][0]["hashes"]
    ]
    assert sorted(hashes) == sorted(re.findall(r"sha256:([0-9a-f]{64})", text))
    assert "pkg:pypi/duckdb@" in " ".join(one["purl"] for one in aws["components"])


def test_a_bill_per_lock_is_written_with_the_same_bytes_each_time(
    tmp_path: Path, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(tmp_path / "a")
    main(tmp_path / "b")
    names = {path.name for path in (tmp_path / "a").iterdir()}
    assert names == {f"{name}.cdx.json" for name in locks(root)}
    for name in names:
        content = (tmp_path / "a" / name).read_bytes()
        assert content == (tmp_path / "b" / name).read_bytes()
        json.loads(content)
    assert "aws.cdx.json" in capsys.readouterr().out
