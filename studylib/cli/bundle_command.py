"""The ``bundle`` commands and their options. What they do is imported when they are called."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from studylib.cli.usage import Command, Group

bundle_app = typer.Typer(
    cls=Group,
    no_args_is_help=True,
    help="Lots de résultats agrégés, d'un observatoire à l'autre, pour une synthèse.",
)


@bundle_app.command(
    "export",
    cls=Command,
    help="Écrit le lot de chaque région : ni personne, ni petit effectif. Par défaut dans le "
    "dossier bundles de la demande.",
)
def bundle_export(
    name: Annotated[
        str,
        typer.Argument(metavar="DEMANDE", help="Identifiant de la demande, ou chemin."),
    ],
    region: Annotated[
        list[str] | None,
        typer.Option("--region", metavar="CODE", help="Seulement cette région."),
    ] = None,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="DOSSIER", help="Dossier où écrire.")
    ] = None,
    whole: Annotated[
        bool,
        typer.Option(
            "--few-in-an-arm",
            help="Envoie aussi les profils dont un groupe a peu d'événements, si la convention "
            "d'accès le permet ; le lot le dit.",
        ),
    ] = False,
) -> None:
    """Write the bundles of a request."""
    from studylib.cli import bundling

    raise typer.Exit(bundling.export(name, region or [], to, whole))


@bundle_app.command(
    "check",
    cls=Command,
    help="Vérifie des lots reçus. Sort avec 2 quand l'un est à refuser.",
)
def bundle_check(
    files: Annotated[list[Path], typer.Argument(metavar="FICHIER…", help="Lots de résultats.")],
    request: Annotated[
        str | None,
        typer.Option("--request", metavar="NUMÉRO", help="Refuse ceux d'une autre demande."),
    ] = None,
) -> None:
    """Check bundles."""
    from studylib.cli import bundling

    raise typer.Exit(bundling.check(files, request or ""))
