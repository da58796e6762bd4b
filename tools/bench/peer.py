"""The other program that is measured: focus_converters, on the same bill, on the same machine.

It has an environment of its own, because it pins old versions of much; its versions are in
``focus_requirements.txt``. It reads parquet of this bill as it is. It does not read its CSV:
``aws-cur`` wants the legacy report's column names, ``aws`` typed columns.
https://github.com/finopsfoundation/focus_converters
"""

import shutil
import subprocess
from pathlib import Path

from tools.bench.bill import Format
from tools.bench.cases import Bench, BenchError, Result
from tools.bench.measure import measure

_PYTHON = "python3.11"
_REQUIREMENTS = Path(__file__).with_name("focus_requirements.txt")
_INSTALL_SECONDS = 300.0
_LIMIT_SECONDS = 90.0
"""Without a limit a failed conversion hangs: its writers are never told to stop."""


def run_peer(bench: Bench, lines: int) -> Result:
    """Convert the bill of ``lines`` lines, in parquet.

    Raises:
        BenchError: there is no environment for it, or it failed.
    """
    converter = _environment(bench) / "bin" / "focus-converter"
    bill = bench.bill(lines, Format.PARQUET)
    case = f"focus_converters 1.0.0, parquet, {lines / 1e6:g} M"
    bench.say(f"Running {case}")
    output = bench.folder / "focus-output"
    shutil.rmtree(output, ignore_errors=True)
    log = bench.folder / "focus.log"
    command = [converter, "convert", "--provider", "aws", "--data-path", bill.parts[0]]
    command += ["--data-format", "parquet", "--parquet-data-format", "dataset"]
    command += ["--export-path", f"{output}/"]
    measured = measure(command, log, _LIMIT_SECONDS)
    shutil.rmtree(output, ignore_errors=True)
    if not measured.ended:
        raise BenchError(f"{case}: stopped after {_LIMIT_SECONDS:.0f} s, see {log}.")
    if measured.exit_code != 0:
        raise BenchError(f"{case}: exit code {measured.exit_code}, see {log}.")
    return Result(case, lines, measured)


def _environment(bench: Bench) -> Path:
    """The folder of its virtual environment, made once."""
    folder = bench.folder / "focus"
    installed = folder / "installed.txt"
    wanted = _REQUIREMENTS.read_text(encoding="utf-8")
    if installed.is_file() and installed.read_text(encoding="utf-8") == wanted:
        return folder
    python = _interpreter()
    bench.say(f"Installing focus_converters with {python}")
    shutil.rmtree(folder, ignore_errors=True)
    install = [folder / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check"]
    install += ["--no-input", "--no-deps", "-r", _REQUIREMENTS]
    commands: list[list[str | Path]] = [[python, "-m", "venv", folder], install]
    for command in commands:
        try:
            subprocess.run(command, timeout=_INSTALL_SECONDS, check=True)
        except (subprocess.SubprocessError, OSError) as error:
            raise BenchError(f"focus_converters can't be installed: {error}") from None
    installed.write_text(wanted, encoding="utf-8")
    return folder


def _interpreter() -> str:
    """A Python 3.11 that starts: a shim on PATH may exist and fail."""
    found = shutil.which(_PYTHON)
    places = sorted(Path.home().glob(f".pyenv/versions/*/bin/{_PYTHON}"))
    for candidate in [*([found] if found else []), *map(str, places)]:
        try:
            subprocess.run([candidate, "-c", "import venv"], capture_output=True, check=True)
        except (subprocess.SubprocessError, OSError):
            continue
        return candidate
    raise BenchError("focus_converters needs Python 3.11, and there is none: its row is left out.")
