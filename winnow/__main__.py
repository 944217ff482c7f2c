"""`winnow`: every module of this package is a verb of the command line, found by its name.

A verb's module has a function of the same name; a hyphen of the verb is an underscore there. `PANEL` says under which
heading the help lists it. If the module has `COMMANDS`, these functions are the verb's own verbs. Only the module of
the verb that is called is imported, so help is quick.
"""

from __future__ import annotations

import errno
import importlib
import os
import sys
import traceback
from typing import TYPE_CHECKING

import typer
from typer._completion_classes import completion_init

from alerts.errors import NotFoundError, WinnowError
from connectors.redaction import redacted
from winnow._completing import typed
from winnow._manual import above, below, manual
from winnow._verbs import module_of, verbs

if TYPE_CHECKING:
    from collections.abc import Callable

    from winnow._verbs import Verb

_HELP = "Winnow: an alert proxy. Webhooks in, the right people told, every decision on record."
_BEGIN = (
    "`winnow VERB --help` has an example and the exit codes of each: 0 done, 1 what was asked is not so, "
    "2 it could not be done, 130 interrupted. New here? `winnow run`, and do what it prints."
)


def application(called: str | None) -> typer.Typer:
    """The command line with the verb `called` loaded and only the summaries of the others."""
    app = typer.Typer(
        name="winnow",
        help=_HELP,
        epilog=_BEGIN,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_every_verb)
    for verb in verbs():
        if verb.name == called:
            _add(app, verb)
        else:
            stub = _stub(verb.summary)
            app.command(verb.name, short_help=verb.summary, rich_help_panel=verb.panel or None)(stub)
    return app


def _every_verb() -> None:
    """Keep verbs by name, even if there is only one."""


def _add(app: typer.Typer, verb: Verb) -> None:
    """Add a verb, loaded: a command, or a group of commands."""
    module = importlib.import_module(f"winnow.{module_of(verb.name)}")
    function: Callable[..., None] = getattr(module, module_of(verb.name))
    commands: tuple[Callable[..., None], ...] = getattr(module, "COMMANDS", ())
    if not commands:
        _command(app, verb.name, function)
        return
    group = typer.Typer(no_args_is_help=True, help=above(manual(function)))
    group.callback()(function)
    for command in commands:
        _command(group, command.__name__, command)
    app.add_typer(group, name=verb.name, help=above(manual(function)))


def _command(app: typer.Typer, name: str, function: Callable[..., None]) -> None:
    told = manual(function)
    app.command(name, short_help=told.paragraphs[0], help=above(told), epilog=below(told))(function)


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
    """Run the verb named on the command line; Winnow's own errors end as one line and exit code 2.

    So does what was asked for by name and is not there, with exit code 1: a script can tell it from a failure. A fault
    of Winnow's own ends as its traceback and exit code 2.
    """
    words = typed(os.environ)
    if words is not None:
        completion_init()
    called = next((word for word in (sys.argv[1:] if words is None else words) if not word.startswith("-")), None)
    try:
        app = application(called)
        _configure_logs()
        app(prog_name="winnow")
    except WinnowError as error:
        print(redacted(f"winnow: {error}"), file=sys.stderr)  # noqa: T201 the command line's own voice
        sys.exit(1 if isinstance(error, NotFoundError) else 2)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        # What is left in the buffer would fail once more at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        print("winnow: cannot write: no space left", file=sys.stderr)  # noqa: T201 as above
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception:  # noqa: BLE001 a fault of Winnow's own: Python would exit with 1, which says what a verb found
        traceback.print_exc()
        sys.exit(2)


if __name__ == "__main__":
    main()
