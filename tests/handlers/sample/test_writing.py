import hashlib
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from handlers.commands.sample import sample as command
from handlers.errors import UsageError
from handlers.sample import write_sample

pytestmark = pytest.mark.slow

END = date(2026, 11, 20)


def tree(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Ten days of the first seed, as their files' digests."""
    folder = tmp_path_factory.mktemp("first") / "sample"
    write_sample(folder, seed=1, days=10, end=END)
    return tree(folder)


def test_the_same_seed_gives_the_same_bytes_and_another_one_does_not(
    first: dict[str, str], tmp_path: Path
) -> None:
    for name, seed in (("again", 1), ("other", 2)):
        write_sample(tmp_path / name, seed=seed, days=10, end=END)
    assert tree(tmp_path / "again") == first
    other = tree(tmp_path / "other")
    assert other.keys() == first.keys()
    bills = [name for name in first if "/part_" in name or "-0000" in name or "/0000" in name]
    assert len(bills) > 10
    assert not [name for name in bills if other[name] == first[name]]


def test_an_earlier_sample_is_replaced_whole(first: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "sample"
    write_sample(folder, seed=1, days=12, end=date(2026, 11, 10))
    two_months = tree(folder)
    write_sample(folder, seed=1, days=10, end=END)
    assert tree(folder) == first
    assert len(first) < len(two_months)


def test_a_folder_of_somebody_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match=r"was not written by this command"):
        write_sample(tmp_path, seed=1, days=10, end=END)
    assert tree(tmp_path).keys() == {"thesis.txt"}


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    with pytest.raises(UsageError, match="is a file"):
        write_sample(file, seed=1, days=10, end=END)


@pytest.mark.parametrize("days", [9, 1101, -1])
def test_too_few_or_too_many_days_are_refused_before_anything_is_written(
    days: int, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="10 to 1100"):
        write_sample(tmp_path / "sample", seed=1, days=days, end=END)
    assert not (tmp_path / "sample").exists()


def test_every_scope_is_reported_as_progress(tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []

    def note(name: str, done: int, scopes: int) -> None:
        seen.append((name, done, scopes))

    write_sample(tmp_path / "sample", seed=1, days=10, end=END, progress=note)
    assert [done for _, done, _ in seen] == list(range(1, 11))
    assert {scopes for _, _, scopes in seen} == {10}


def test_the_command_says_what_it_wrote_and_draws_nothing_in_a_pipe(tmp_path: Path) -> None:
    result = run(tmp_path / "new", "--days", "10", "--end", "2027-03-05", "--seed", "7")
    assert result.exit_code == 0, result.output
    assert "10 scopes" in result.stdout
    assert str(tmp_path / "new" / "truth" / "README.md") in result.stdout
    assert result.stderr == ""
    assert (tmp_path / "new" / "sample.json").read_text().count("2027-03-05") == 1


def test_the_command_takes_only_a_day_as_end(tmp_path: Path) -> None:
    result = run(tmp_path / "new", "--end", "yesterday")
    assert result.exit_code == 2
    assert not (tmp_path / "new").exists()
