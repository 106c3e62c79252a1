"""Faults of the command line itself, and its help, in French."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

from typer import rich_utils
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException

from studylib.cli.shown import NBSP

DATE = "AAAA-MM-JJ"
_HELP = "Affiche cette aide."


class _French:
    """What commands and groups share: help without names of Python types, faults with a place."""

    def get_help_option(self, ctx: Any) -> Any:
        """The help option, described in French."""
        option = super().get_help_option(ctx)  # type: ignore[misc]
        if option is not None:
            option.help = _HELP
        return option

    def get_params(self, ctx: Any) -> Any:
        """The parameters, shown by their metavar alone: the reader of help knows no ``<bool>``."""
        parameters = super().get_params(ctx)  # type: ignore[misc]
        for parameter in parameters:
            setattr(parameter, "display_type_rich", _shown_type(parameter))  # noqa: B010
        return parameters

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        """The line of usage, in French."""
        pieces = " ".join(self.collect_usage_pieces(ctx))  # type: ignore[attr-defined]
        pieces = pieces.replace("COMMAND [ARGS]...", "COMMANDE [ARGUMENTS]…").replace("…}...", "…}")
        formatter.write_usage(ctx.command_path, pieces, prefix=f"Usage{NBSP}: ")

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """The arguments; a fault that does not say its command is given it."""
        try:
            return list(super().parse_args(ctx, args))  # type: ignore[misc]
        except TyperException as misused:
            if getattr(misused, "ctx", ctx) is None:
                setattr(misused, "ctx", ctx)  # noqa: B010
            raise


class Command(_French, TyperCommand):
    """A command whose help and faults are in French."""


class Group(_French, TyperGroup):
    """A group of commands whose help and faults are in French."""


def _shown_type(parameter: Any) -> Callable[..., str]:
    option = str(parameter.opts[0]).startswith("-")
    shown = (parameter.metavar or "") if option else ""
    return lambda ctx: shown


def translate_panels() -> None:
    """Give the panels of help their French titles."""
    rich_utils.ARGUMENTS_PANEL_TITLE = "Arguments"
    rich_utils.OPTIONS_PANEL_TITLE = "Options"
    rich_utils.COMMANDS_PANEL_TITLE = "Commandes"
    rich_utils.DEFAULT_STRING = "[défaut : {}]"
    rich_utils.REQUIRED_LONG_STRING = "[obligatoire]"
    rich_utils.RANGE_STRING = ""  # « x>=1 » is no French; the refusal says what is accepted


def in_french(misused: TyperException) -> str:
    """What is wrong with a command line, and where to read what it accepts."""
    said = _sentence(misused)
    context = getattr(misused, "ctx", None)
    if type(misused).__name__ == "NoArgsIsHelpError":
        return said
    return f"{said} Voir « {context.command_path if context else 'studylib'} --help »."


def _sentence(misused: TyperException) -> str:
    parameter = getattr(misused, "param", None)
    option = getattr(misused, "option_name", "")
    match type(misused).__name__:
        case "NoSuchOption":
            close = getattr(misused, "possibilities", None) or []
            hint = f" ; option proche : {', '.join(sorted(close))}" if close else ""
            return f"Option inconnue : {option}{hint}."
        case "MissingParameter":
            return f"Argument manquant : {_name(parameter)}."
        case "BadParameter":
            return f"Valeur refusée pour {_name(parameter)}{_refused(misused, parameter)}."
        case "BadOptionUsage":
            return f"L'option {option} {_number_of_values(misused.message)}."
        case "NoArgsIsHelpError":
            return misused.format_message()
        case _:
            return _other(misused)


def _other(misused: TyperException) -> str:
    """A fault the parser tells by its words only: a command, or an argument too many."""
    if found := re.match(r"No such command '(.*?)'", misused.message):
        context = getattr(misused, "ctx", None)
        known = list(getattr(getattr(context, "command", None), "commands", ()))
        close = get_close_matches(found[1], known, 1)
        hint = f" ; commande proche : {close[0]}" if close else ""
        return f"Commande inconnue : « {found[1]} »{hint}."
    if found := re.match(r"Got unexpected extra arguments?(?:\(s\))? \((.*)\)", misused.message):
        return f"Argument en trop : « {found[1]} »."
    return "La commande ne se comprend pas."


def _refused(misused: TyperException, parameter: Any) -> str:
    """What was given and what is accepted; nothing when the refusal does not say its cause."""
    faults = getattr(misused.__cause__, "errors", None)
    if faults is None:
        return ""
    fault = faults()[0]
    return f" : « {fault['input']} » ; attendu {_accepted(fault, parameter)}"


def _accepted(fault: Mapping[str, Any], parameter: Any) -> str:
    kind, limits = str(fault["type"]), fault.get("ctx", {})
    least = getattr(parameter, "min", None)
    bound = "" if least is None else f", {least:g} ou plus"
    if kind.startswith("int_"):
        return f"un nombre entier{bound}"
    if kind.startswith("float_"):
        return f"un nombre{bound}, le point séparant les décimales"
    if kind == "greater_than_equal":
        return f"{limits['ge']:g} ou plus"
    if kind == "less_than_equal":
        return f"{limits['le']:g} ou moins"
    if parameter is not None and parameter.metavar == DATE:
        return f"une date qui existe, écrite {DATE}"
    form = getattr(parameter, "metavar", None) or "que décrit l'aide"
    return f"une valeur de la forme {form}"


def _number_of_values(told: str) -> str:
    if "does not take" in told:
        return "n'attend pas de valeur"
    found = re.search(r"requires (\d+) arguments", told)
    return f"attend {found[1]} valeurs" if found else "attend une valeur"


def _name(parameter: Any) -> str:
    if parameter is None:
        return "un argument"
    options = [option for option in getattr(parameter, "opts", []) if option.startswith("-")]
    return (
        max(options, key=len)
        if options
        else str(parameter.metavar or parameter.name).upper().rstrip("…")
    )
