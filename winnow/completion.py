"""`winnow completion`: what makes a shell complete what is typed after `winnow`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer
from typer._completion_shared import get_completion_script

from winnow._completing import VARIABLE

PANEL = "Operate it"


class Shell(StrEnum):
    """Whose completion it is."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def completion(shell: Annotated[Shell, typer.Argument(help="Which shell reads it.", show_default=False)]) -> None:
    """Print what makes a shell complete verbs, options and names.

    Names are those of targets, steps, formats and the like, read from winnow.yaml. What is printed belongs at the end
    of ~/.bashrc or ~/.zshrc (after compinit); for fish in ~/.config/fish/completions/winnow.fish. `winnow` must be on
    the PATH.

    Example: winnow completion bash >> ~/.bashrc
    """
    typer.echo(get_completion_script(prog_name="winnow", complete_var=VARIABLE, shell=shell.value))
