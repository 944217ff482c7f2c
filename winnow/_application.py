"""The command line: every module of this package is a verb, found by its name.

A verb's module has a function of the same name; a hyphen of the verb is an underscore there. `PANEL` says under which
heading the help lists it. If the module has `COMMANDS`, these functions are the verb's own verbs. Only the module of
the verb that is called is imported, so help is quick.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer
from typer._completion_classes import completion_init
from typer.core import TyperCommand, TyperGroup

from winnow._completing import typed
from winnow._manual import above, below, manual
from winnow._verbs import module_of, verbs

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer._click.core import Context, Parameter

    from winnow._verbs import Verb

_HELP = "Winnow: an alert proxy. Webhooks in, the right people told, every decision on record."
_BEGIN = (
    "`winnow VERB --help` has an example and the exit codes of each: 0 done, 1 what was asked is not so, "
    "2 it could not be done, 130 interrupted, 141 nobody reads on. New here? `winnow run`, and do what it prints."
)


def application(called: str | None) -> typer.Typer:
    """The command line with the verb `called` loaded and only the summaries of the others."""
    app = typer.Typer(
        name="winnow",
        cls=_Group,
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


class _Command(TyperCommand):
    """A verb: the help shows no type of what takes no value."""

    def get_params(self, ctx: Context) -> list[Parameter]:
        """The parameters; typer would write `<bool>` behind flags."""
        return _bare(super().get_params(ctx))


class _Group(TyperGroup):
    """The same of a verb with verbs of its own."""

    def get_params(self, ctx: Context) -> list[Parameter]:
        """The parameters; typer would write `<bool>` behind flags."""
        return _bare(super().get_params(ctx))


def _bare(parameters: list[Parameter]) -> list[Parameter]:
    for one in parameters:
        if getattr(one, "is_flag", False):
            one.metavar = ""
    return parameters


def _print_version(is_asked: bool) -> None:
    if is_asked:
        from importlib.metadata import version  # noqa: PLC0415 takes 20 ms, and help is quick

        typer.echo(f"winnow {version('winnow')}")
        raise typer.Exit


def _every_verb(
    *,
    _version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version and exit.")
    ] = False,
) -> None:
    """Keep verbs by name, even if there is only one."""


def _add(app: typer.Typer, verb: Verb) -> None:
    """Add a verb, loaded: a command, or a group of commands."""
    module = importlib.import_module(f"winnow.{module_of(verb.name)}")
    function: Callable[..., None] = getattr(module, module_of(verb.name))
    commands: tuple[Callable[..., None], ...] = getattr(module, "COMMANDS", ())
    if not commands:
        _command(app, verb.name, function)
        return
    group = typer.Typer(cls=_Group, no_args_is_help=True, help=above(manual(function)))
    group.callback()(function)
    for command in commands:
        _command(group, command.__name__, command)
    app.add_typer(group, name=verb.name, help=above(manual(function)))


def _command(app: typer.Typer, name: str, function: Callable[..., None]) -> None:
    told = manual(function)
    app.command(name, cls=_Command, short_help=told.paragraphs[0], help=above(told), epilog=below(told))(function)


def _stub(line: str) -> Callable[[], None]:
    def verb() -> None: ...

    verb.__doc__ = line
    return verb


def run() -> None:
    """Run the verb named on the command line; ends as typer does, by SystemExit, or by what the verb raised."""
    words = typed(os.environ)
    if words is not None:
        completion_init()
    called = next((word for word in (sys.argv[1:] if words is None else words) if not word.startswith("-")), None)
    app = application(called)
    _configure_logs()
    app(prog_name="winnow")


def _configure_logs() -> None:
    """Have log lines go to standard error, beside the results of the verb."""
    # Only if the verb has imported a part that logs: without it, help and small verbs are there 70 ms sooner.
    if "structlog" in sys.modules:
        importlib.import_module("connectors.logs").configure()
