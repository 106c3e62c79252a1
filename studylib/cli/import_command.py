"""The options of ``studylib import``. What it does is imported when it is called."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from studylib.cli.usage import Command, Group

_FILES = "fichiers"


class _FilesUnlessNamed(Group):
    """``studylib import FILE…`` is ``studylib import fichiers FILE…``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """The arguments, the usual command being named when none is."""
        if args and args[0] not in (*self.commands, "-h", "--help"):
            args = [_FILES, *args]
        return super().parse_args(ctx, args)


import_app = typer.Typer(
    cls=_FilesUnlessNamed,
    no_args_is_help=True,
    help="Importe des fichiers, ou une base Oracle, en Parquet. « import FICHIER… » suffit.",
)

Out = Annotated[
    Path, typer.Option("--out", metavar="DOSSIER", help="Dossier des tables importées.")
]


TableOfFiles = Annotated[
    str | None,
    typer.Option("--table", metavar="TABLE", help="Table, si le nom du fichier ne la dit pas."),
]
Year = Annotated[
    int | None, typer.Option("--year", metavar="ANNÉE", help="Année d'une table annuelle.")
]


@import_app.command(
    _FILES, cls=Command, help="Importe des fichiers CSV, Parquet ou SAS (commande par défaut)."
)
def import_files(
    sources: Annotated[
        list[Path],
        typer.Argument(metavar="FICHIER…", help="Fichiers, ou dossiers qui les contiennent."),
    ],
    out: Out,
    table: TableOfFiles = None,
    year: Year = None,
    delimiter: Annotated[
        str, typer.Option("--delimiter", metavar="SIGNE", help="Séparateur : ; , | ou tab.")
    ] = "auto",
    encoding: Annotated[
        str, typer.Option("--encoding", metavar="CODAGE", help="Codage : cp1252 ou utf-8.")
    ] = "auto",
    decimal: Annotated[
        str, typer.Option("--decimal", metavar="SIGNE", help="Signe décimal : , ou .")
    ] = "auto",
    dates: Annotated[
        str,
        typer.Option(
            "--dates", metavar="FORME", help="Dates : dd/mm/yyyy, yyyy-mm-dd ou ddmmmyyyy."
        ),
    ] = "auto",
    max_rejected: Annotated[
        float,
        typer.Option(
            "--max-rejected", metavar="PART", help="Part de lignes écartées encore admise."
        ),
    ] = 0.01,
) -> None:
    """Land files."""
    from studylib.cli import importing
    from studylib.sources.landing import Options

    options = Options(table, year, encoding, delimiter, decimal, dates, max_rejected)
    raise typer.Exit(importing.files(sources, out, options))


@import_app.command("oracle", cls=Command, help="Extrait une table d'une base Oracle.")
def import_oracle(
    out: Out,
    dsn: Annotated[str, typer.Option("--dsn", metavar="ADRESSE", help="hôte:port/service.")],
    user: Annotated[
        str,
        typer.Option(
            "--user",
            metavar="NOM",
            help="Utilisateur. Le mot de passe est demandé, ou lu dans STUDYLIB_ORACLE_PASSWORD.",
        ),
    ],
    table: Annotated[str, typer.Option("--table", metavar="TABLE", help="Table à extraire.")],
    query: Annotated[
        str | None,
        typer.Option("--query", metavar="SQL", help="Requête à extraire à la place de la table."),
    ] = None,
    between: Annotated[
        tuple[str, str, str] | None,
        typer.Option(
            "--between",
            metavar="COLONNE DÉBUT FIN",
            help="Découpe par mois de cette date, bornes comprises (AAAA-MM-JJ) ; sans elle, une "
            "extraction interrompue reprend au début.",
        ),
    ] = None,
) -> None:
    """Extract from Oracle."""
    from studylib.cli import importing

    asked = importing.Database(dsn, user, table, query, between)
    raise typer.Exit(importing.oracle(asked, out))
