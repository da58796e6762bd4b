"""What the repository promises about itself."""

import ast
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.dictionary import TARGET, dictionary
from tools.lock_check import LOCKS, disagreements

NOT_OURS = {"build", "dist", "node_modules"}
DOTTED_BUT_OURS = {".ci", ".github", ".gitignore"}
COMPILED = {"requirements.txt", *(lock.path for lock in LOCKS)}
CODE = {".py", ".sql", ".sh"}
LONGEST_FILE = 420
CODE_IN_TEXT = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)

# Folders that exist on one developer's machine only. A cloud's own path such as the Function
# App's wwwroot is no such folder.
OUTSIDE = re.compile(r"(?<![\w.:/$-])/(?:home/(?!site/wwwroot)|Users/|root/|work/|opt/wheels)")

CREDENTIALS = {
    "AWS access key": re.compile(r"\b(?:AKIA|ASIA)(?!\w*EXAMPLE)[0-9A-Z]{16}\b"),
    "private key": re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"),
    "Google service account key": re.compile(r'"private_key_id"\s*:\s*"[0-9a-f]{40}"'),
    "Google API key": re.compile(r"\bAIza[0-9A-Za-z_-]{35}\b"),
    "Azure storage key": re.compile(r"AccountKey=[0-9A-Za-z+/]{86}=="),
    "Azure client secret": re.compile(r"\b[0-9A-Za-z_~.-]{3}8Q~[0-9A-Za-z_~.-]{34}\b"),
    "Grafana token": re.compile(r"\bglsa_[0-9A-Za-z]{32}_[0-9a-f]{8}\b"),
    "GitHub token": re.compile(r"\b(?:gh[pousr]_[0-9A-Za-z]{36}|github_pat_\w{82})\b"),
    "Pulumi token": re.compile(r"\bpul-[0-9a-f]{40}\b"),
}


def _files(folder: Path) -> Iterator[Path]:
    """Every file that belongs to the repository, also one that is not committed yet."""
    for path in sorted(folder.iterdir()):
        hidden = path.name.startswith(".") and path.name not in DOTTED_BUT_OURS
        if hidden or path.name in NOT_OURS or path.name == "__pycache__":
            continue
        if path.is_dir():
            yield from _files(path)
        else:
            yield path


def _texts(root: Path) -> Iterator[tuple[str, str]]:
    for path in _files(root):
        try:
            yield path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture or a parquet file


def _imported(source: str) -> Iterator[str]:
    """The top-level packages that a module imports, wherever in it the import stands."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]


def test_the_two_commands_of_the_readme_are_all_it_asks_for(root: Path) -> None:
    readme = (root / "README.md").read_text(encoding="utf-8")
    first_block = readme.split("```")[1]
    commands = [line.partition("#")[0].strip() for line in first_block.splitlines()[1:]]
    assert [command for command in commands if command] == ["make demo", "make test"]


def test_every_make_target_that_a_document_names_exists(root: Path) -> None:
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    documents = {name: text for name, text in _texts(root) if name.endswith(".md")}
    named = {
        (name, target)
        for name, text in documents.items()
        for target in re.findall(r"(?:`|^)make ([a-z][a-z-]*)", text, re.MULTILINE)
    }
    assert ("README.md", "demo") in named
    assert {(name, target) for name, target in named if target not in targets} == set()


def test_every_link_between_documents_leads_somewhere(root: Path) -> None:
    dead = [
        f"{name}: {target}"
        for name, text in _texts(root)
        if name.endswith(".md")
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", CODE_IN_TEXT.sub("", text))
        if "://" not in target and not ((root / name).parent / target).exists()
    ]
    assert dead == []


def test_make_alone_lists_the_targets(root: Path) -> None:
    listed = subprocess.run(
        ["make", "--no-print-directory"], cwd=root, capture_output=True, text=True, check=True
    ).stdout
    for target in ("setup", "demo", "test", "test-all", "lint", "types", "format", "lock", "clean"):
        assert re.search(rf"^ +{target} +\S", listed, re.MULTILINE), target


def test_a_folder_that_the_quick_suite_passes_over_has_no_quick_test(root: Path) -> None:
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    folders = re.findall(r"tests/\w+", makefile.partition("NOT_QUICK := ")[2].partition("\n")[0])
    modules = [module for folder in folders for module in (root / folder).rglob("test_*.py")]
    quick = [
        str(module.relative_to(root))
        for module in modules
        if module.parent.name != "browser"  # whose conftest.py marks all that stands beside it
        and not re.search(
            r"^pytestmark = .*pytest\.mark\.(engine|proof)\b",
            module.read_text("utf-8"),
            re.MULTILINE,
        )
    ]
    assert {module.parts[-2] for module in modules} >= {"browser", "engine", "proof"}
    assert quick == []


def test_the_locks_agree_with_pyproject(root: Path) -> None:
    assert disagreements(root) == []


@pytest.mark.parametrize(
    ("path", "old", "new", "told"),
    [
        ("pyproject.toml", '"rich==15.0.0"', '"rich==15.0.1"', "rich==15.0.1 is wanted, 15.0.0"),
        ("pyproject.toml", '"rich==15.0.0"', '"rich>=15"', "not an exact version"),
        ("locks/aws.txt", "boto3==", "boto4==", "boto3==1.44.5 is wanted, nothing"),
        ("locks/aws.txt", "    --hash=", "    #", "has no hash"),
        ("locks/aws.txt", "#    make", "--find-links ../wheels\n#    make", "row 2: '--find-links"),
        ("locks/aws.txt", "# This", "# https://index.example\n# This", "row 1: '# https://"),
    ],
)
def test_a_lock_that_does_not_agree_is_told(
    tmp_path: Path, root: Path, path: str, old: str, new: str, told: str
) -> None:
    for name in ("pyproject.toml", *COMPILED):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(root / name, tmp_path / name)
    text = (tmp_path / path).read_text(encoding="utf-8")
    assert old in text
    (tmp_path / path).write_text(text.replace(old, new), encoding="utf-8")
    assert told in "\n".join(disagreements(tmp_path))


def test_the_collector_imports_neither_dashboards_nor_infra(root: Path) -> None:
    wrong = [
        f"{path.relative_to(root)} imports {package}"
        for path in (root / "handlers").rglob("*.py")
        for package in _imported(path.read_text(encoding="utf-8"))
        if package in {"dashboards", "infra", "tests", "tools"}
    ]
    assert wrong == []


def test_no_file_names_a_folder_of_one_machine(root: Path) -> None:
    found = [
        f"{name}, row {text.count(chr(10), 0, match.start()) + 1}: {match.group()}"
        for name, text in _texts(root)
        for match in OUTSIDE.finditer(text)
    ]
    assert found == []


def test_no_file_holds_a_credential(root: Path) -> None:
    found = [
        f"{name}: {kind}"
        for name, text in _texts(root)
        for kind, pattern in CREDENTIALS.items()
        if pattern.search(text)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("kind", "credential"),
    [
        ("AWS access key", "AKIA" + "Q4XHPW7T2ZK9MB5D"),
        ("private key", "-----BEGIN RSA " + "PRIVATE KEY-----"),
        ("Google API key", "AIza" + "x" * 35),
        ("Azure storage key", "AccountKey=" + "x" * 86 + "=="),
        ("Azure client secret", "abc8Q~" + "x" * 34),
        ("Grafana token", "glsa_" + "x" * 32 + "_0123abcd"),
        ("GitHub token", "ghp_" + "x" * 36),
        ("Pulumi token", "pul-" + "0" * 40),
    ],
)
def test_a_credential_would_be_found(kind: str, credential: str) -> None:
    assert CREDENTIALS[kind].search(f'token = "{credential}"')


def test_files_stay_short_enough_to_read(root: Path) -> None:
    long = {
        name: lines
        for name, text in _texts(root)
        if Path(name).suffix in CODE and (lines := text.count("\n")) > LONGEST_FILE
    }
    assert long == {}


def test_ci_runs_without_a_question(root: Path) -> None:
    script = (root / ".ci" / "run").read_text(encoding="utf-8")
    assert script.startswith("#!/usr/bin/env bash\n")
    assert "\nset -euo pipefail\n" in script
    subprocess.run(["bash", "-n", root / ".ci" / "run"], check=True)
    assert os.access(root / ".ci" / "run", os.X_OK)


def test_the_data_dictionary_says_what_the_record_and_the_tables_say() -> None:
    assert TARGET.read_text(encoding="utf-8") == dictionary(), "python -m tools.dictionary"
