"""The ``codes`` commands and their options. What they do is imported when they are called."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from studylib.cli.usage import DATE, Command, Group

codes_app = typer.Typer(
    cls=Group, no_args_is_help=True, help="Listes de codes et référentiels datés."
)

Json = Annotated[bool, typer.Option("--json", help="Résultat en JSON sur la sortie standard.")]


@codes_app.command(
    "list", cls=Command, help="Listes de codes et référentiels, présents ou non, et d'où les tenir."
)
def codes_list(as_json: Json = False) -> None:
    """List the code lists and the referentials."""
    from studylib.cli import code_library

    raise typer.Exit(code_library.show_all(as_json))


@codes_app.command(
    "search",
    cls=Command,
    help="Cherche un mot ou un code dans les listes et référentiels présents.",
)
def codes_search(
    words: Annotated[list[str], typer.Argument(metavar="MOTS…", help="Mots, ou début d'un code.")],
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=1, metavar="N", help="Lignes au plus.")
    ] = 20,
    as_json: Json = False,
) -> None:
    """Search lists and referentials."""
    from studylib.cli import code_library

    raise typer.Exit(code_library.search(" ".join(words), limit, as_json))


@codes_app.command(
    "show",
    cls=Command,
    help="Contenu d'une liste, d'un référentiel, ou tout ce qu'on sait d'un code.",
)
def codes_show(
    name: Annotated[
        str, typer.Argument(metavar="NOM", help="Liste, référentiel (« codes list ») ou code.")
    ],
    as_json: Json = False,
) -> None:
    """Show a code list, a referential or a code."""
    from studylib.cli import code_library

    raise typer.Exit(code_library.show(name, as_json))


@codes_app.command(
    "diff", cls=Command, help="Codes ajoutés, retirés et renommés d'une version à une autre."
)
def codes_diff(
    name: Annotated[
        str, typer.Argument(metavar="NOM", help="Liste ou référentiel ; ou première liste.")
    ],
    before: Annotated[
        str, typer.Argument(metavar="AVANT", help="Version (AAAA-MM-JJ) ou fichier de liste.")
    ],
    after: Annotated[
        str | None,
        typer.Argument(
            metavar="APRÈS", help="Version ou fichier ; sans elle, compare NOM à AVANT."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Compare two versions."""
    from studylib.cli import code_versions

    raise typer.Exit(code_versions.diff(name, before, after, as_json))


@codes_app.command(
    "check",
    cls=Command,
    help="Vérifie des listes de codes, ou celles d'une demande : codes coupés, inconnus, absents "
    "des données, voisins oubliés. Sort avec 2 quand une liste a une erreur.",
)
def codes_check(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="DEMANDE.yaml | LISTE…",
            help="Demande, nom de liste ou fichier CSV ; toutes les listes par défaut.",
        ),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option("--source", metavar="NOM", help="Compare aussi aux codes de cette source."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Check code lists."""
    from studylib.cli import code_checking

    raise typer.Exit(code_checking.check(names or [], source, as_json))


@codes_app.command(
    "update",
    cls=Command,
    help="Ajoute une version d'un référentiel à partir du fichier du producteur.",
)
def codes_update(
    name: Annotated[
        str, typer.Argument(metavar="NOM", help="Référentiel donné par « codes list ».")
    ],
    file: Annotated[
        Path | None,
        typer.Option("--file", metavar="FICHIER", help="Fichier du producteur, non modifié."),
    ] = None,
    url: Annotated[
        str | None, typer.Option("--url", metavar="ADRESSE", help="Adresse de ce fichier.")
    ] = None,
    version: Annotated[
        datetime | None,
        typer.Option(
            "--version",
            metavar=DATE,
            formats=["%Y-%m-%d"],
            help="Date de l'état décrit, quand le fichier ne la dit pas.",
        ),
    ] = None,
    fewer_rows: Annotated[
        bool,
        typer.Option("--fewer-rows", help="Accepte bien moins de lignes que la version d'avant."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Bring a new version of a referential."""
    from studylib.cli import code_versions

    when = version.date() if version else None
    raise typer.Exit(code_versions.update(name, file, url, when, fewer_rows, as_json))
