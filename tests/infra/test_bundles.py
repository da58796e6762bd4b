import ast
import fnmatch
import hashlib
import io
import os
import shutil
import time
import tomllib
import zipfile
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from infra.archives import Entry, zip_bytes
from infra.bundles import BUILD_ENVIRONMENT, Bundle, BundleError, Runtime, build, planned
from infra.bytecode import find_python, with_bytecode
from infra.packages import PackagesError

LOCK = "alpha-kit==1.0 --hash=sha256:00\n"
SOURCES = {
    "handlers/__init__.py": "",
    "handlers/__main__.py": "the door",
    "handlers/commands/collect.py": "a command",
    "handlers/load/facts.sql": "select 1",
    "handlers/notes.md": "for readers",
    "handlers/runtimes/google_main.py": "handle = print\n",
    "handlers/sample/world.toml": "a sample",
    "locks/google.txt": LOCK,
    "locks/aws.txt": LOCK,
}
PACKAGES = {
    "alpha_kit/__init__.py": "one = 1\n",
    "alpha_kit/core.pyi": "one: int",
    "alpha_kit/tests/test_one.py": "assert one",
    "alpha_kit-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: alpha-kit\nVersion: 1.0\n",
    "alpha_kit-1.0.dist-info/WHEEL": (
        "Wheel-Version: 1.0\nTag: cp312-abi3-manylinux_2_28_x86_64\n"
        "Tag: cp312-abi3-manylinux_2_27_x86_64\n"
    ),
    "bin/alpha": "#!/here/python",
    "botocore/data/ec2/2016-11-15/service-2.json": "{}",
    "botocore/data/endpoints.json": "{}",
    "botocore/data/s3/2006-03-01/service-2.json": "{}",
}
CARRIED = [
    "alpha_kit-1.0.dist-info/METADATA",
    "alpha_kit-1.0.dist-info/WHEEL",
    "alpha_kit/__init__.py",
    "botocore/data/endpoints.json",
    "botocore/data/s3/2006-03-01/service-2.json",
]


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def installed(lock: Path, target: Path) -> None:
    """What an installer leaves behind, with the traces that differ between one and another."""
    assert lock.read_text(encoding="utf-8") == LOCK
    write(target, PACKAGES)
    info = target / "alpha_kit-1.0.dist-info"
    (info / "INSTALLER").write_text(str(time.monotonic_ns()))
    rows = [f"{name},sha256=x,1" for name in PACKAGES]
    record = [*rows, "../../bin/alpha,,", f"{info.name}/INSTALLER,,", f"{info.name}/RECORD,,"]
    (info / "RECORD").write_text("\n".join(record))


def offline(lock: Path, target: Path) -> None:
    raise PackagesError(f"{lock.name} into {target}: no index")


MakeRoot = Callable[[str], Path]


@pytest.fixture
def make_root(root: Path, tmp_path: Path) -> Generator[MakeRoot]:
    """A repository in small, with the real rules."""

    def make(name: str) -> Path:
        made = tmp_path / name
        write(made, SOURCES)
        (made / "infra").mkdir()
        for part in ("bundles.toml", "bundles.py", "packages.py", "archives.py", "bytecode.py"):
            shutil.copy(root / "infra" / part, made / "infra" / part)
        return made

    umask, zone = os.umask(0o022), os.environ.get("TZ", "")
    yield make
    os.umask(umask)
    os.environ["TZ"] = zone
    time.tzset()


@pytest.fixture
def small(make_root: MakeRoot) -> Path:
    return make_root("small")


def built(root: Path, runtime: Runtime = Runtime.GOOGLE) -> Bundle:
    return build(runtime, cache=root / "cache", root=root, installer=installed)


def names(content: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.namelist()


@pytest.mark.parametrize("runtime", [Runtime.GOOGLE, Runtime.AWS])
def test_the_same_sources_give_the_same_bytes_in_another_folder_zone_and_umask(
    make_root: MakeRoot, runtime: Runtime
) -> None:
    one = built(make_root("one"), runtime)
    os.umask(0o077)
    os.environ["TZ"] = "Pacific/Chatham"
    time.tzset()
    other_root = make_root("some/where/else")
    for path in other_root.rglob("*.py"):
        os.utime(path, (1, 1))
    other = built(other_root, runtime)
    assert one.path.read_bytes() == other.path.read_bytes()
    assert (one.digest, one.sha256) == (other.digest, other.sha256)
    assert one.sha256 == hashlib.sha256(one.path.read_bytes()).hexdigest()


def test_what_only_a_laptop_uses_stays_behind(small: Path) -> None:
    assert [name for name in names(built(small).path.read_bytes()) if "vendor" not in name] == [
        "handlers/__init__.py",
        "handlers/load/facts.sql",
        "handlers/runtimes/google_main.py",
        "main.py",
        "requirements.txt",
    ]


def test_each_vendored_wheel_is_pinned_by_its_hash_and_is_a_whole_wheel(small: Path) -> None:
    with zipfile.ZipFile(built(small).path) as bundle:
        wheel = bundle.read(
            "vendor/alpha_kit-1.0-cp312-abi3-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl"
        )
        requirements = bundle.read("requirements.txt").decode()
    digest = hashlib.sha256(wheel).hexdigest()
    assert requirements == f"alpha-kit==1.0 --hash=sha256:{digest}\n"
    assert names(wheel) == [*CARRIED, "alpha_kit-1.0.dist-info/RECORD"]
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        rows = archive.read("alpha_kit-1.0.dist-info/RECORD").decode().splitlines()
    # by: printf 'one = 1\n' | openssl dgst -sha256 -binary | basenc --base64url
    assert "alpha_kit/__init__.py,sha256=HkdhEfZSg6lFe3KYy3vLO3OhJcAqkSIkpeAK9ppkYz4,8" in rows
    assert rows[-1] == "alpha_kit-1.0.dist-info/RECORD,,"


def test_google_is_told_to_ask_no_index(small: Path) -> None:
    folder = BUILD_ENVIRONMENT["GOOGLE_VENDOR_PIP_DEPENDENCIES"]
    assert any(name.startswith(f"{folder}/") for name in names(built(small).path.read_bytes()))


def test_an_unpacked_bundle_has_the_packages_beside_handlers(small: Path) -> None:
    found = names(built(small, Runtime.AWS).path.read_bytes())
    assert [name for name in found if not name.endswith(".pyc")] == [
        *CARRIED,
        "handlers/__init__.py",
        "handlers/load/facts.sql",
        "handlers/runtimes/google_main.py",
    ]


def test_a_bundle_is_built_once_and_again_when_a_source_changes(small: Path) -> None:
    first = built(small)
    again = build(Runtime.GOOGLE, cache=small / "cache", root=small, installer=offline)
    assert again == first
    (small / "handlers" / "load" / "facts.sql").write_text("select 2")
    second = built(small)
    assert second.path != first.path
    assert second.path.read_bytes() != first.path.read_bytes()


def test_the_cache_does_not_grow_with_every_change(small: Path) -> None:
    newest = small
    for number in range(6):
        (small / "handlers" / "load" / "facts.sql").write_text(f"select {number}")
        newest = built(small).path
    left = sorted(path.name for path in (small / "cache").glob("google-*"))
    assert len(left) == 8  # the newest and three before it, each with its facts
    assert newest.name in left


@pytest.mark.parametrize("changed", ["locks/google.txt", "infra/bundles.toml", "infra/packages.py"])
def test_the_lock_the_rules_and_the_builder_make_a_bundle_stale(small: Path, changed: str) -> None:
    before = planned(Runtime.GOOGLE, cache=small, root=small)
    with (small / changed).open("a") as file:
        file.write("\n# changed\n")
    assert planned(Runtime.GOOGLE, cache=small, root=small).digest != before.digest


def test_what_is_left_out_makes_no_bundle_stale(small: Path) -> None:
    before = planned(Runtime.GOOGLE, cache=small, root=small)
    (small / "handlers" / "sample" / "world.toml").write_text("another sample")
    assert planned(Runtime.GOOGLE, cache=small, root=small) == before


def test_a_plan_builds_and_installs_nothing_and_names_what_will_be_built(small: Path) -> None:
    plan = planned(Runtime.GOOGLE, cache=small / "cache", root=small)
    assert not (small / "cache").exists()
    assert plan.object_name == f"google-{plan.digest}.zip"
    assert built(small).path == plan.path


def test_a_bundle_that_is_too_large_is_refused_with_its_limit_and_source(small: Path) -> None:
    rules = small / "infra" / "bundles.toml"
    text = rules.read_text(encoding="utf-8")
    rules.write_text(text.replace("zipped = 100_000_000", "zipped = 1_000"), encoding="utf-8")
    with pytest.raises(BundleError, match=r"allowed are 1,000 \(https://docs\.cloud\.google\.com"):
        built(small)
    assert not list((small / "cache").glob("*.zip"))


def test_packages_that_cant_be_installed_leave_nothing_half_made(small: Path) -> None:
    with pytest.raises(PackagesError, match="no index"):
        build(Runtime.GOOGLE, cache=small / "cache", root=small, installer=offline)
    assert [path for path in (small / "cache").rglob("*") if path.is_file()] == []
    assert built(small).path.exists()


def test_every_runtime_has_its_lock_and_limits_with_a_link(root: Path) -> None:
    rules = tomllib.loads((root / "infra" / "bundles.toml").read_text(encoding="utf-8"))
    for runtime in Runtime:
        assert (root / rules[runtime]["lock"]).is_file()
        assert rules[runtime]["zipped"] <= rules[runtime]["unpacked"]
        assert rules[runtime]["source"].startswith("https://")
    assert rules["aws"]["unpacked"] == 250 * 1024 * 1024


def test_nothing_that_is_carried_imports_what_is_left_out(root: Path) -> None:
    rules = tomllib.loads((root / "infra" / "bundles.toml").read_text(encoding="utf-8"))
    patterns = rules["sources"]["leave_out"]

    def left_out(path: str) -> bool:
        return any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)

    wrong: list[str] = []
    for path in sorted((root / "handlers").rglob("*.py")):
        name = path.relative_to(root).as_posix()
        if left_out(name):
            continue
        for module in _imports(path.read_text(encoding="utf-8")):
            place = module.replace(".", "/")
            if left_out(f"{place}.py") or left_out(f"{place}/__init__.py"):
                wrong.append(f"{name} imports {module}")
    assert wrong == []


def _imports(source: str) -> list[str]:
    found: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return found


def test_a_zip_states_the_same_time_and_mode_for_every_file() -> None:
    with zipfile.ZipFile(io.BytesIO(zip_bytes([Entry("a", b"1"), Entry("b/c", b"2")]))) as made:
        facts = {(i.date_time, i.external_attr, i.create_system) for i in made.infolist()}
    assert facts == {((1980, 1, 1, 0, 0, 0), 0o100644 << 16, 3)}


@pytest.mark.runtime
def test_bytecode_is_by_unchecked_hash_and_knows_no_path_of_this_machine(tmp_path: Path) -> None:
    python = find_python()
    assert python is not None, "Python 3.13 is needed: install it, by pyenv for example."
    entries = [Entry("package/one.py", b"def f():\n    return __file__\n")]
    first, second = (with_bytecode(entries, python) for _ in range(2))
    assert first == second
    compiled = first[-1]
    assert compiled.path == "package/__pycache__/one.cpython-313.pyc"
    assert compiled.content[4:8] == (1).to_bytes(4, "little")  # PEP 552: a hash, not checked
    assert str(tmp_path.anchor).encode() + b"tmp" not in compiled.content
