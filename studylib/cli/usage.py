"""Faults of the command line itself, and its help, in French."""

from __future__ import annotations

from typing import Any

from typer import rich_utils
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException

_HELP = "Affiche cette aide."


class Command(TyperCommand):
    """A command whose help option is described in French."""

    def get_help_option(self, ctx: Any) -> Any:
        """The help option."""
        return _described(super().get_help_option(ctx))


class Group(TyperGroup):
    """A group of commands whose help option is described in French."""

    def get_help_option(self, ctx: Any) -> Any:
        """The help option."""
        return _described(super().get_help_option(ctx))


def translate_panels() -> None:
    """Give the panels of help their French titles."""
    rich_utils.ARGUMENTS_PANEL_TITLE = "Arguments"
    rich_utils.OPTIONS_PANEL_TITLE = "Options"
    rich_utils.COMMANDS_PANEL_TITLE = "Commandes"
    rich_utils.DEFAULT_STRING = "[défaut : {}]"
    rich_utils.REQUIRED_LONG_STRING = "[obligatoire]"


def in_french(misused: TyperException) -> str:
    """What is wrong with a command line, and where to read what it accepts."""
    said = _sentence(misused)
    context = getattr(misused, "ctx", None)
    if type(misused).__name__ == "NoArgsIsHelpError":
        return said
    return f"{said} Voir « {context.command_path if context else 'studylib'} --help »."


def _sentence(misused: TyperException) -> str:
    parameter = getattr(misused, "param", None)
    name = _name(parameter)
    match type(misused).__name__:
        case "NoSuchOption":
            close = getattr(misused, "possibilities", None) or []
            hint = f" ; option proche : {', '.join(sorted(close))}" if close else ""
            return f"Option inconnue : {getattr(misused, 'option_name', '')}{hint}."
        case "MissingParameter":
            return f"Argument manquant : {name}."
        case "BadParameter":
            return f"Valeur refusée pour {name} : {misused.message}"
        case "BadOptionUsage":
            return f"L'option {getattr(misused, 'option_name', '')} attend une valeur."
        case "UsageError" if "No such command" in misused.message:
            return f"Commande inconnue : {misused.message.split(maxsplit=3)[-1]}"
        case _:
            return misused.format_message()


def _name(parameter: Any) -> str:
    if parameter is None:
        return "un argument"
    options = [option for option in getattr(parameter, "opts", []) if option.startswith("-")]
    return options[-1] if options else str(parameter.metavar or parameter.name).upper()


def _described(option: Any) -> Any:
    if option is not None:
        option.help = _HELP
    return option
