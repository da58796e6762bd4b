"""A shell's environment in which ``pulumi`` is the real executable over a test's clouds.

What runs ``pulumi`` from PATH, as Pulumi's Automation API does, then works on the stack. There is
no Python language host offline: the ``pulumi`` of this PATH hands the executable the address of a
process that runs the program, and changes nothing else of the command.
"""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from shlex import quote

from tests.engine.stack import Stack, serving

_SCRIPT = """\
#!/bin/sh
case " $* " in
  *" up "*|*" preview "*) exec {pulumi} "$@" --client {address} --exec-kind auto.inline ;;
  *) exec {pulumi} "$@" ;;
esac
"""


@contextmanager
def logged_in(stack: Stack) -> Generator[Mapping[str, str]]:
    """The variables of that environment, for as long as the ``with`` lasts."""
    folder = stack.folder / "bin"
    folder.mkdir(exist_ok=True)
    file = folder / "pulumi"
    # Its home is not taken over: the platform's bundles are kept in the user's own.
    variables = {
        name: value for name, value in stack.environment().items() if name.startswith("PULUMI_")
    }
    with serving(stack.program) as address:
        script = _SCRIPT.format(pulumi=quote(stack.pulumi), address=address)
        file.write_text(script, encoding="utf-8")
        file.chmod(0o755)
        yield {**variables, "PATH": f"{folder}:{stack.environment()['PATH']}"}
