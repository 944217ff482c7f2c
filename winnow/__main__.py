"""`winnow`: every module of this package is a verb of the command line, found by its name.

A verb's module has a function of the same name; a hyphen of the verb is an underscore there. If the module has
`COMMANDS`, these functions are the verb's own verbs. Only the module of the verb that is called is imported, so help is
quick.
"""

from __future__ import annotations

import ast
import errno
import importlib
import os
import pkgutil
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from alerts.errors import WinnowError
from connectors.redaction import redacted

if TYPE_CHECKING:
    from collections.abc import Callable


def verbs() -> list[str]:
    """The names of all verbs, sorted."""
    package = Path(__file__).parent
    names = (module.name for module in pkgutil.iter_modules([str(package)]) if module.name[0] != "_")
    return sorted(name.replace("_", "-") for name in names)


def summary(verb: str) -> str:
    """The first line of a verb's docstring, read without importing its module."""
    name = _name(verb)
    spec = find_spec(f"winnow.{name}")
    assert spec is not None
    assert spec.origin is not None
    tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    functions = (node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name)
    text = next((ast.get_docstring(function) for function in functions), None)
    return (text or "").partition("\n")[0]


def application(called: str | None) -> typer.Typer:
    """The command line with the verb `called` loaded and only the summaries of the others."""
    app = typer.Typer(
        name="winnow",
        help="Winnow: an alert proxy. Webhooks in, the right people told, every decision on record.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_every_verb)
    for verb in verbs():
        line = summary(verb)
        if verb == called:
            _add(app, verb, line)
        else:
            app.command(verb, short_help=line)(_stub(line))
    return app


def _every_verb() -> None:
    """Keep verbs by name, even if there is only one."""


def _name(verb: str) -> str:
    """The verb's name in Python."""
    return verb.replace("-", "_")


def _add(app: typer.Typer, verb: str, line: str) -> None:
    """Add a verb, loaded: a command, or a group of commands."""
    module = importlib.import_module(f"winnow.{_name(verb)}")
    function: Callable[..., None] = getattr(module, _name(verb))
    commands: tuple[Callable[..., None], ...] = getattr(module, "COMMANDS", ())
    if not commands:
        app.command(verb, short_help=line)(function)
        return
    group = typer.Typer(no_args_is_help=True)
    group.callback()(function)
    for command in commands:
        group.command(command.__name__)(command)
    app.add_typer(group, name=verb, short_help=line)


def _stub(line: str) -> Callable[[], None]:
    def verb() -> None: ...

    verb.__doc__ = line
    return verb


def _configure_logs() -> None:
    """Have log lines go to standard error, beside the results of the verb."""
    # Only if the verb has imported a part that logs: without it, help and small verbs are there 70 ms sooner.
    if "structlog" in sys.modules:
        importlib.import_module("connectors.logs").configure()


def main() -> None:
    """Run the verb named on the command line; Winnow's own errors end as one line and exit code 2."""
    called = next((word for word in sys.argv[1:] if not word.startswith("-")), None)
    try:
        app = application(called)
        _configure_logs()
        app(prog_name="winnow")
    except WinnowError as error:
        print(redacted(f"winnow: {error}"), file=sys.stderr)  # noqa: T201 the command line's own voice
        sys.exit(2)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        # What is left in the buffer would fail once more at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        print("winnow: cannot write: no space left", file=sys.stderr)  # noqa: T201 as above
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
