import os
from pathlib import Path

import pytest

from handlers.errors import SiteError
from handlers.record import Cloud
from handlers.site import SITE_FILES, default_site_folder, load_site, site_from


def problems(folder: Path) -> list[str]:
    with pytest.raises(SiteError) as error:
        load_site(folder)
    return str(error.value).split("\n")


def test_a_site_has_these_files() -> None:
    assert set(SITE_FILES) == {
        "attribution.toml", "customers.csv", "budgets.csv", "rates.csv", "invoices.csv",
        "events.csv", "shares.toml", "forgotten.toml",
        "catalog/aws.toml", "catalog/azure.toml", "catalog/gcp.toml",
    }  # fmt: skip


def test_no_folder_and_an_empty_folder_are_the_shipped_defaults(tmp_path: Path) -> None:
    assert load_site(None) == load_site(tmp_path) == site_from({})


def test_every_file_of_the_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "catalog").mkdir()
    (tmp_path / "catalog/gcp.toml").write_text("# none yet", encoding="utf-8-sig")
    (tmp_path / "attribution.toml").write_text('project_keys = ["team"]', encoding="utf-8")
    (tmp_path / "customers.csv").write_text("id\nacme", encoding="utf-8-sig")
    (tmp_path / "events.csv").write_text("date\n2026-10-01", encoding="utf-8")
    found = load_site(tmp_path)
    assert found.attribution.project_keys == ("team",)
    assert [each.id for each in found.customers] == ["acme"]
    assert len(found.events) == 1
    assert found.catalog == {Cloud.GCP: "# none yet"}


def test_problems_of_all_files_come_in_one_message(tmp_path: Path) -> None:
    (tmp_path / "catalog").mkdir()
    (tmp_path / "catalog/aws.toml").write_text("[[modell]]", encoding="utf-8")
    (tmp_path / "catalog/gcp.toml").write_text("[[", encoding="utf-8")
    (tmp_path / "customers.csv").write_text("name\nx", encoding="utf-8")
    (tmp_path / "rates.csv").write_bytes(b"\xff\xfe")
    (tmp_path / "atribution.toml").write_text("", encoding="utf-8")
    found = "\n".join(problems(tmp_path))
    for part in (
        "modell",
        "catalog/gcp.toml: found text that is not TOML",
        "customers.csv, row 1: found no column 'id'",
        "rates.csv: found UTF-16",
        "'atribution.toml': found a file the site does not know",
    ):
        assert part in found


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("customer.csv", "did you mean 'customers.csv'?"),
        ("Customers.CSV", "did you mean 'customers.csv'?"),
        ("catalog/amazon.toml", "rename it or move it elsewhere|did you mean"),
        ("catalog/GCP.toml", "did you mean 'catalog/gcp.toml'?"),
    ],
)
def test_a_misspelt_file_name_is_not_the_default(tmp_path: Path, name: str, remedy: str) -> None:
    (tmp_path / "catalog").mkdir()
    (tmp_path / name).write_text("", encoding="utf-8")
    (problem,) = problems(tmp_path)
    assert problem.startswith(f"'{name}': found a file the site does not know; allowed: attrib")
    assert any(each in problem for each in remedy.split("|"))


def test_other_kinds_of_files_are_left_alone(tmp_path: Path) -> None:
    for name in ("README.md", ".customers.csv.7.new", ".git", "notes.csv.bak", "Makefile"):
        (tmp_path / name).write_text("x", encoding="utf-8")
    assert load_site(tmp_path) == load_site(None)


def test_a_missing_folder_or_a_file_in_its_place_is_refused(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path / "nowhere")
    assert "nowhere: found nothing there; allowed: a folder with the site's files" in problem
    assert "site example DIR" in problem
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert "found a file; allowed: a folder" in problems(tmp_path / "file")[0]


def test_a_link_out_of_the_folder_is_refused_and_its_target_not_shown(tmp_path: Path) -> None:
    site, secret = tmp_path / "site", tmp_path / "secret"
    site.mkdir()
    secret.write_text("id\nhidden", encoding="utf-8")
    (site / "customers.csv").symlink_to(secret)
    (problem,) = problems(site)
    assert problem.startswith("customers.csv: found a link to ")
    assert "outside the folder; allowed: files inside the folder; copy the file" in problem
    assert "hidden" not in problem


def test_a_linked_catalog_folder_is_refused_too(tmp_path: Path) -> None:
    site, other = tmp_path / "site", tmp_path / "other"
    site.mkdir()
    other.mkdir()
    (other / "aws.toml").write_text("", encoding="utf-8")
    (site / "catalog").symlink_to(other)
    assert "catalog/aws.toml: found a link to" in problems(site)[0]


def test_links_inside_the_folder_and_to_the_folder_itself_are_followed(tmp_path: Path) -> None:
    # Mounted volumes give files this way: customers.csv -> ..data/customers.csv.
    real = tmp_path / "real"
    (real / "..data").mkdir(parents=True)
    (real / "..data/customers.csv").write_text("id\nacme", encoding="utf-8")
    (real / "customers.csv").symlink_to("..data/customers.csv")
    (tmp_path / "site").symlink_to(real)
    assert [each.id for each in load_site(tmp_path / "site").customers] == ["acme"]


def test_what_is_no_regular_file_is_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "rates.csv")
    (tmp_path / "events.csv").mkdir()
    (tmp_path / "budgets.csv").symlink_to("budgets.csv")
    (tmp_path / "invoices.csv").symlink_to("nothing.here")
    found = problems(tmp_path)
    assert [line.split(": found")[0] for line in found] == [
        "budgets.csv",
        "events.csv",
        "invoices.csv",
        "rates.csv",
    ]
    assert all("; allowed: a re" in line for line in found)


def test_a_file_of_gigabytes_is_refused_by_its_size(tmp_path: Path) -> None:
    with (tmp_path / "customers.csv").open("wb") as file:
        file.truncate(2**32)
    with (tmp_path / "attribution.toml").open("wb") as file:
        file.truncate(2**20 + 1)
    found = problems(tmp_path)
    assert "attribution.toml: found 1,048,577 bytes; allowed: at most 1,048,576 bytes" in found[0]
    assert "customers.csv: found 4,294,967,296 bytes; allowed: at most 33,554,432" in found[1]


def test_the_usual_folder_is_named_by_the_environment_or_called_site(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ACM_SITE", raising=False)
    assert default_site_folder() is None
    (tmp_path / "site").mkdir()
    assert default_site_folder() == Path("site")
    monkeypatch.setenv("ACM_SITE", "/elsewhere")
    assert default_site_folder() == Path("/elsewhere")
    monkeypatch.setenv("ACM_SITE", "")
    assert default_site_folder() == Path("site")
