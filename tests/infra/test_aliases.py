"""The list of what was renamed (its effect on a state: tests/engine/test_aliases.py)."""

from pathlib import Path

import pytest

from infra.aliases import AliasesMistaken, Renamed, read_renamed
from tools.release import SEMANTIC

ENTRY = '[[renamed]]\nversion = "1.1.0"\ntype = "gcp:storage/bucket:Bucket"\nname = "site"\n'


def test_the_shipped_list_can_be_read_and_names_versions(root: Path) -> None:
    shipped = read_renamed((root / "infra" / "aliases.toml").read_text(encoding="utf-8"))
    assert all(SEMANTIC.fullmatch(one.version) for one in shipped)


def test_an_entry_says_what_was_called_how() -> None:
    bucket = "gcp:storage/bucket:Bucket"
    assert read_renamed(ENTRY + 'was_name = "data"\n') == [
        Renamed("1.1.0", bucket, "site", "data", None)
    ]


@pytest.mark.parametrize("more", ["", 'was_nam = "data"\n', 'was_name = "a"\nurn = "b"\n'])
def test_an_entry_without_an_earlier_name_or_with_another_key_is_refused(more: str) -> None:
    with pytest.raises(AliasesMistaken, match=r"infra/aliases\.toml.*was_name and was_type"):
        read_renamed(ENTRY + more)
