from collections.abc import Mapping
from pathlib import Path

import pytest

from handlers.errors import UsageError
from infra.promotion.stack_keys import FileUnwritable, read_keys, write_keys

KEYS: Mapping[str, object] = {
    "phase": 2,
    "dual_run": True,
    "migrated_customers": ["acme", 'O"Brien\\', "0123"],
}
DEFAULTS: Mapping[str, object] = {"phase": 1, "dual_run": False, "migrated_customers": []}

BEFORE = """\
# Our environment.
encryptionsalt: v1:abc
config:
  # how far we have come
  ai-cost-monitoring:phase: 1
  ai-cost-monitoring:aws_scopes:
    - id: "012345678901"   # the payer
  ai-cost-monitoring:migrated_customers:
    - old one
    - another
  ai-cost-monitoring:grafana_token:
    secure: v1:def
"""

AFTER = """\
# Our environment.
encryptionsalt: v1:abc
config:
  ai-cost-monitoring:dual_run: true
  # how far we have come
  ai-cost-monitoring:phase: 2
  ai-cost-monitoring:aws_scopes:
    - id: "012345678901"   # the payer
  ai-cost-monitoring:migrated_customers: ["acme", "O\\"Brien\\\\", "0123"]
  ai-cost-monitoring:grafana_token:
    secure: v1:def
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "Pulumi.prod.yaml"
    file.write_text(BEFORE, encoding="utf-8")
    return file


def test_keys_are_set_and_every_other_line_stays(file: Path) -> None:
    assert read_keys(file, DEFAULTS) == {
        "phase": 1,
        "dual_run": False,
        "migrated_customers": ["old one", "another"],
    }
    write_keys(file, KEYS)
    assert file.read_text(encoding="utf-8") == AFTER
    assert read_keys(file, DEFAULTS) == KEYS
    write_keys(file, KEYS)
    assert file.read_text(encoding="utf-8") == AFTER


def test_a_list_that_is_not_indented_is_replaced_as_a_whole(file: Path) -> None:
    file.write_text(
        "config:\n  ai-cost-monitoring:migrated_customers:\n  - a\n  - b\n"
        "  ai-cost-monitoring:phase: 1\n",
        encoding="utf-8",
    )
    write_keys(file, {"migrated_customers": []})
    assert file.read_text(encoding="utf-8") == (
        "config:\n  ai-cost-monitoring:migrated_customers: []\n  ai-cost-monitoring:phase: 1\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        "config: {ai-cost-monitoring:phase: 1}\n",
        "config:\n  ai-cost-monitoring:phase: 1\n  ? ai-cost-monitoring:dual_run\n  : false\n",
    ],
)
def test_a_file_that_lines_do_not_tell_is_left_as_it_is_and_told_how_to_set(
    file: Path, text: str
) -> None:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(FileUnwritable, match="Set by hand: phase: 2, dual_run: true"):
        write_keys(file, {"phase": 2, "dual_run": True})
    assert file.read_text(encoding="utf-8") == text


def test_a_key_of_an_anchor_is_overridden(file: Path) -> None:
    shared = "x: &all\n  ai-cost-monitoring:phase: 1\nconfig:\n  <<: *all\n  other:key: 1\n"
    file.write_text(shared, encoding="utf-8")
    write_keys(file, {"phase": 2})
    assert read_keys(file, DEFAULTS)["phase"] == 2


@pytest.mark.parametrize("text", ["", "phase: 1\n", "config: [\n", "config: 1\n"])
def test_what_is_no_stacks_file_is_refused_by_name(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=r"Pulumi\.prod\.yaml"):
        write_keys(file, KEYS)
    assert file.read_text(encoding="utf-8") == text


def test_a_stack_without_a_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"Name a stack with --stack"):
        read_keys(tmp_path / "Pulumi.none.yaml", DEFAULTS)
