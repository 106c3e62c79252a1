"""Commands on open data: what is there, downloading, registering a file."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from studylib import project
from studylib.cli.shown import messages, path, results, say, table
from studylib.sources import open_data


def show(as_json: bool) -> int:
    """Print the open data sets: present or absent, and how to get those absent."""
    status, console = open_data.status(), results()
    if as_json:
        print(json.dumps(status.to_dict("records"), ensure_ascii=False, indent=1, default=str))
        return 0
    state = status["present"].map({True: "présent", False: "absent"})
    rows = [
        [str(row.dataset), present, str(row.period) or "–", str(row.producer), str(row.title)]
        for row, present in zip(status.itertuples(), state, strict=True)
    ]
    table(console, ["jeu", "état", "période", "producteur", "titre"], rows)
    absent = status[~status["present"] & status["required"]]
    if len(absent):
        say(console, "\nPour obtenir ce qui manque :")
    for row in absent.itertuples():
        say(console, f"- {row.dataset} : {row.obtain}\n  {row.page}")
    return 0


def fetch(name: str, url: str | None) -> int:
    """Download a data set; what came in is said."""
    with messages().status(f"Téléchargement de {name}…"):
        entry = open_data.fetch(name, today=date.today(), url=url)
    return _told(entry)


def add(file: Path) -> int:
    """Register a file downloaded by hand; what came in is said."""
    return _told(open_data.add(file, today=date.today()))


def _told(entry: open_data.Entry) -> int:
    place = path(project.writable_data() / entry.file)
    megabytes = f"{entry.bytes / 1e6:.1f}".replace(".", ",")
    say(results(), f"{entry.dataset} : {place} ({megabytes} Mo, SHA-256 {entry.sha256[:12]}…)")
    return 0
