"""The command that shows what the catalog makes of a file."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from handlers.commands.classify import classify
from handlers.errors import SiteError, UsageError

HEADER = "service,sku_or_usage_type,description"


def _run(file: Path, *options: str, cloud: str = "aws") -> Result:
    return CliRunner().invoke(classify, [str(file), "--cloud", cloud, *options])


def _file(folder: Path, text: str) -> Path:
    path = folder / "skus.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_model_and_token_type_are_appended_and_the_rest_passes_through(tmp_path: Path) -> None:
    file = _file(
        tmp_path,
        f"note,{HEADER}\n"
        'a,Amazon Bedrock,USE1-NovaPro-input-tokens,"in US East, Virginia"\n'
        "b,Amazon Elastic Compute Cloud,BoxUsage:p5.48xlarge,\n",
    )
    result = _run(file)
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        f"note,{HEADER},model,token_type",
        'a,Amazon Bedrock,USE1-NovaPro-input-tokens,"in US East, Virginia",nova-pro,input',
        "b,Amazon Elastic Compute Cloud,BoxUsage:p5.48xlarge,,,",
    ]


def test_a_byte_order_mark_and_rows_that_repeat_are_taken(tmp_path: Path) -> None:
    line = "Vertex AI,Imagen 4 Generation,\n"
    result = _run(_file(tmp_path, f"\ufeff{HEADER}\n{line}{line}"), cloud="gcp")
    assert result.stdout.splitlines()[1:] == [f"{line.strip()},imagen-4,image"] * 2


def test_rules_of_the_site_are_used(tmp_path: Path) -> None:
    rules = tmp_path / "site" / "catalog" / "aws.toml"
    rules.parent.mkdir(parents=True)
    rules.write_text(
        "[[model]]\nid = 'site-x'\nevidence = 'ours'\nmatch = 'nova pro'\ngives = 'house-model'\n",
        encoding="utf-8",
    )
    file = _file(tmp_path, f"{HEADER}\nAmazon Bedrock,USE1-NovaPro-input-tokens,\n")
    result = _run(file, "--site", str(tmp_path / "site"))
    assert result.stdout.splitlines()[1].endswith(",house-model,input")
    rules.write_text("[[model]]\nid = 'site-x'\n", encoding="utf-8")
    assert isinstance(_run(file, "--site", str(tmp_path / "site")).exception, SiteError)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("service,description\n", ["row 1", "sku_or_usage_type missing", "Needed"]),
        ("", ["row 1", "found nothing"]),
        (f"{HEADER}\nAmazon Bedrock,x\n", ["row 2", "2 cells where the header has 3"]),
        (f"{HEADER},model\n", ["already has model"]),
        (f"{HEADER},service\n", ["a column occurs twice"]),
        (f'{HEADER}\n"a"b,c,d\n', ["is not CSV"]),
    ],
)
def test_a_file_it_cannot_use_is_refused_with_place_and_remedy(
    text: str, says: list[str], tmp_path: Path
) -> None:
    error = _run(_file(tmp_path, text)).exception
    assert isinstance(error, UsageError)
    assert "skus.csv" in str(error)
    for words in says:
        assert words in str(error)


def test_a_missing_file_and_a_file_that_is_not_utf8_are_refused(tmp_path: Path) -> None:
    missing = _run(tmp_path / "none.csv").exception
    assert isinstance(missing, UsageError)
    assert "none.csv can't be read" in str(missing)
    latin = tmp_path / "latin.csv"
    latin.write_bytes(f"{HEADER}\nAmazon Bedrock,caf\xe9,\n".encode("latin-1"))
    error = _run(latin).exception
    assert isinstance(error, UsageError)
    assert "is not UTF-8" in str(error)
