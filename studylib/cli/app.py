"""The commands and their options. What they do is imported when they are called."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from studylib import __version__
from studylib.cli.bundle_command import bundle_app
from studylib.cli.codes_command import codes_app
from studylib.cli.import_command import import_app
from studylib.cli.usage import Command, Group, translate_panels

_CONTEXT = {"help_option_names": ["-h", "--help"]}

translate_panels()
app = typer.Typer(
    name="studylib",
    cls=Group,
    help="Études médico-économiques d'un observatoire du médicament : "
    "d'une demande à un rapport publié.",
    no_args_is_help=True,
    add_completion=False,
    context_settings=_CONTEXT,
    pretty_exceptions_enable=False,
)
data_app = typer.Typer(cls=Group, no_args_is_help=True, help="Données ouvertes : état, réception.")
app.add_typer(data_app, name="data")
app.add_typer(bundle_app, name="bundle")
app.add_typer(codes_app, name="codes")
app.add_typer(import_app, name="import")

Names = Annotated[
    list[str],
    typer.Argument(metavar="DEMANDE…", help="Identifiant de la demande, ou chemin de son fichier."),
]
Region = Annotated[
    list[str] | None,
    typer.Option("--region", metavar="CODE", help="Seulement cette région (ou « ensemble »)."),
]
PlanOnly = Annotated[
    bool, typer.Option("--plan", help="Montre ce qui serait exécuté et pourquoi, sans exécuter.")
]
Force = Annotated[bool, typer.Option("--force", help="Exécute même ce qui est à jour.")]
Jobs = Annotated[
    int | None,
    typer.Option("--jobs", "-j", min=1, metavar="N", help="Exécutions menées en même temps."),
]
Json = Annotated[bool, typer.Option("--json", help="Résultat en JSON sur la sortie standard.")]
Timeout = Annotated[
    float | None,
    typer.Option("--timeout", min=1, metavar="SECONDES", help="Durée permise à une exécution."),
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Donne plus de détails.")]


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"studylib {__version__}")
        raise typer.Exit


@app.callback()
def _studylib(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Version.")
    ] = False,
    verbose: Verbose = False,
) -> None:
    pass


@app.command(cls=Command, help="Exécute des demandes et publie leurs rapports.")
def run(
    names: Names,
    region: Region = None,
    plan: PlanOnly = False,
    force: Force = False,
    jobs: Jobs = None,
    as_json: Json = False,
    timeout: Timeout = None,
    verbose: Verbose = False,
) -> None:
    """Run requests and publish their reports."""
    from studylib.cli import running

    options = running.Options(tuple(region or ()), plan, force, jobs, timeout, as_json, verbose)
    raise typer.Exit(running.run(names, options))


@app.command(cls=Command, help="Exécute les demandes d'exemple et publie le site.")
def demo(jobs: Jobs = None, as_json: Json = False, force: Force = False) -> None:
    """Run the example requests; absent data is told and does not fail."""
    from studylib.cli import running

    options = running.Options(force=force, jobs=jobs, as_json=as_json)
    raise typer.Exit(running.demo(options))


@app.command(cls=Command, help="Vérifie des fichiers de demande sans rien exécuter.")
def check(
    files: Annotated[list[str], typer.Argument(metavar="DEMANDE…", help="Fichiers à vérifier.")],
) -> None:
    """Check request files."""
    from studylib.cli import asking

    raise typer.Exit(asking.check(files))


@app.command(cls=Command, help="Affiche le schéma JSON des demandes d'un type d'étude.")
def schema(
    study: Annotated[str, typer.Argument(metavar="ÉTUDE", help="Type d'étude.")],
) -> None:
    """Print the JSON schema of a study type."""
    from studylib.cli import asking

    raise typer.Exit(asking.schema(study))


@app.command(cls=Command, help="Reconstruit l'index du site à partir des rapports publiés.")
def site() -> None:
    """Rebuild the site's index."""
    from studylib.cli import running

    raise typer.Exit(running.site())


@data_app.command("list", cls=Command, help="Jeux de données connus, présents ou non.")
def data_list(as_json: Json = False) -> None:
    """List the open data sets."""
    from studylib.cli import open_files

    raise typer.Exit(open_files.show(as_json))


@data_app.command("fetch", cls=Command, help="Télécharge un jeu de données.")
def data_fetch(
    name: Annotated[str, typer.Argument(metavar="NOM", help="Nom donné par « data list ».")],
    url: Annotated[
        str | None, typer.Option("--url", metavar="ADRESSE", help="Adresse du fichier.")
    ] = None,
) -> None:
    """Download an open data set."""
    from studylib.cli import open_files

    raise typer.Exit(open_files.fetch(name, url))


@data_app.command("add", cls=Command, help="Enregistre un fichier téléchargé à la main.")
def data_add(
    file: Annotated[Path, typer.Argument(metavar="FICHIER", help="Fichier du producteur.")],
) -> None:
    """Register a file downloaded by hand."""
    from studylib.cli import open_files

    raise typer.Exit(open_files.add(file))


@app.command(cls=Command, help="Écrit un SNDS simulé, tables brutes et vérité, en Parquet.")
def simulate(
    persons: Annotated[
        int, typer.Option("--persons", min=1, metavar="N", help="Nombre de personnes.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DOSSIER", help="Dossier à écrire.")],
    years: Annotated[
        str, typer.Option("--years", metavar="ANNÉES", help="Années de soins, comme 2018-2024.")
    ] = "2018-2024",
    seed: Annotated[int, typer.Option("--seed", metavar="S", help="Graine du tirage.")] = 1,
    without: Annotated[
        str, typer.Option("--without", metavar="PIÈGES", help="Pièges à retirer, comme T6,T14.")
    ] = "",
    only: Annotated[
        str, typer.Option("--only", metavar="PIÈGES", help="Seuls pièges à mettre, comme T1.")
    ] = "",
    regions: Annotated[
        str, typer.Option("--regions", metavar="CODES", help="Régions, comme 11,84.")
    ] = "",
) -> None:
    """Write a simulated SNDS."""
    from studylib.cli import simulating

    asked = simulating.Asked(persons, years, seed, out, without, only, regions)
    raise typer.Exit(simulating.run(asked))
