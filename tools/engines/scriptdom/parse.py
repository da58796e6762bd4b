"""What Microsoft's parser says of T-SQL: a JSON list of statements in, the errors of each out.

    python tools/engines/scriptdom/parse.py FOLDER < statements.json

FOLDER is what `sh tools/engines/build.sh scriptdom` prints. The grammar is that of SQL Server 2019;
it is syntax only: no name is looked up.
"""

import importlib
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

_RUNTIME = {
    "runtimeOptions": {
        "tfm": "netcoreapp3.1",
        "framework": {"name": "Microsoft.NETCore.App", "version": "3.1.0"},
    }
}


def main() -> int:
    """Read, parse, write; the exit code is 0 whatever is found."""
    folder = Path(sys.argv[1])
    sys.path.insert(0, str(folder))
    os.environ["DOTNET_SYSTEM_GLOBALIZATION_INVARIANT"] = "1"
    _start(folder)
    dom: Any = importlib.import_module("Microsoft.SqlServer.TransactSql.ScriptDom")
    system: Any = importlib.import_module("System.IO")
    parser = dom.TSql150Parser(True)
    found: list[list[str]] = []
    for statement in json.load(sys.stdin):
        _, errors = parser.Parse(system.StringReader(statement), None)
        found.append([f"{error.Line}:{error.Column} {error.Message}" for error in errors])
    json.dump(found, sys.stdout)
    return 0


def _start(folder: Path) -> None:
    """The .NET runtime in this process, with the parser's assembly."""
    loader: Any = importlib.import_module("clr_loader")
    pythonnet: Any = importlib.import_module("pythonnet")
    with tempfile.TemporaryDirectory() as temporary:
        config = Path(temporary) / "runtime.json"
        config.write_text(json.dumps(_RUNTIME))
        root = folder / "dotnetcore2" / "bin"
        pythonnet.set_runtime(loader.get_coreclr(runtime_config=str(config), dotnet_root=str(root)))
        clr: Any = importlib.import_module("clr")
    sys.path.append(str(folder / "mssqlcli" / "mssqltoolsservice" / "bin"))
    clr.AddReference("Microsoft.SqlServer.TransactSql.ScriptDom")


if __name__ == "__main__":
    sys.exit(main())
