"""Pages held to WCAG 2.1 AA: by our lints always, by axe-core in a browser where both are found.

axe-core is looked for in ``AXE_CORE`` (path of ``axe.min.js``), then in ``node_modules``; the
browser is chromium or chrome on the path. Nothing is fetched.
"""

from __future__ import annotations

import base64
import html as markup
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import nbformat.v4 as nb
import pandas as pd
import pytest

from studylib import report, tables
from studylib.report import context, page

ROOT = Path(__file__).resolve().parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
BROWSER_OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


def axe_file():
    named = os.environ.get("AXE_CORE")
    places = [Path(named)] if named else []
    places.append(ROOT / "node_modules" / "axe-core" / "axe.min.js")
    return next((place for place in places if place.is_file()), None)


def browser():
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


def shown(fragment):
    return nb.new_output("execute_result", {"text/html": fragment.html, "text/plain": ""})


def report_page():
    """A page with one of each thing a report shows."""
    context.start()
    flow = pd.DataFrame(
        {"step": ["Population", "Adultes", "Suivis"], "persons": [5000, 4993, 4000]}
    ).assign(excluded=[0, 7, 993])
    pieces = [
        report.note("Une remarque sur la méthode.", "method"),
        report.note("Une réserve.", "warning"),
        report.key_figures({"Personnes suivies": 4000, "Décès": 6}),
        report.check(
            tables.CheckResult("Positivité", False, pd.DataFrame(), "un groupe est vide.")
        ),
        report.table(flow, tables.FLOW, caption="Étapes de la sélection"),
        report.flow_chart(flow, caption="Sélection", alt="De la population aux personnes suivies."),
    ]
    cells = [nb.new_markdown_cell("# Étude\n"), nb.new_markdown_cell("## Résultats\n\n### Détail")]
    cells += [nb.new_code_cell("report.show(x)", outputs=[shown(piece)]) for piece in pieces]
    return page.render(
        nb.new_notebook(cells=cells),
        title="Rapport d'essai",
        provenance={"run": "r1", "commit": "a" * 40, "gate": [page.Rule("Formes", False, "x")]},
        banners=["Données synthétiques"],
        published=False,
    )


def index_page():
    entry = {
        "request": "2026-014",
        "title": "Hémorragies",
        "kind": "saisine",
        "region": "Bretagne",
        "date": "2026-11-22",
        "href": "a.html",
        "tables": "a.zip",
        "synthetic": True,
        "superseded": [{"date": "2026-10-01", "href": "b.html"}],
    }
    return page.index([entry])


PAGES = {"report": report_page, "index": index_page}
every_page = pytest.mark.parametrize("build", PAGES.values(), ids=PAGES)


@every_page
def test_the_lints_find_nothing(build):
    assert page.lint(build()) == []


@every_page
def test_nothing_is_called_outside(build):
    """Only ``data:`` addresses may be loaded, and the page itself forbids any other."""
    html = build()
    assert "default-src 'none'" in html
    assert set(re.findall(r'src="([a-z]+):', html)) <= {"data"}


@every_page
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(build, scheme, tmp_path):
    axe, chromium = axe_file(), browser()
    if axe is None or chromium is None:
        pytest.skip(
            "axe-core (variable AXE_CORE) ou chromium absents : seuls les contrôles internes"
        )
    violations = violations_in(build(), axe, chromium, tmp_path, dark=scheme == "dark")
    assert violations == []


def test_axe_itself_finds_a_fault(tmp_path):
    """The check above is worth something: a page with an unlabelled image does not pass."""
    axe, chromium = axe_file(), browser()
    if axe is None or chromium is None:
        pytest.skip(
            "axe-core (variable AXE_CORE) ou chromium absents : seuls les contrôles internes"
        )
    faulty = index_page().replace("<h2", '<img src="data:,"><h2', 1)
    found = violations_in(faulty, axe, chromium, tmp_path, dark=False)
    assert "image-alt" in dict(found)


def violations_in(html, axe, chromium, folder, *, dark):
    """What axe says of the page with every fold open: (rule, elements) pairs."""
    script = (
        "document.querySelectorAll('details').forEach(d => d.open = true);"
        f"axe.run(document, {{runOnly: {json.dumps(RULES)}}}).then(r => {{"
        "const found = document.createElement('pre'); found.id = 'axe-found';"
        "found.textContent = btoa(unescape(encodeURIComponent(JSON.stringify("
        "r.violations.map(v => [v.id, v.nodes.map(n => n.html.slice(0, 120))])))));"
        "document.body.append(found)})"
    )
    tested = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", html)
    if dark:
        tested = tested.replace("(prefers-color-scheme:dark)", "all")
    library = axe.read_text("utf-8").replace("</script", "<\\/script")
    tested = tested.replace(
        "</body>", f"<script>{library}</script><script>{script}</script></body>"
    )
    file = folder / "page.html"
    file.write_text(tested, encoding="utf-8")
    done = subprocess.run(
        [
            chromium,
            *BROWSER_OPTIONS,
            f"--user-data-dir={folder / 'profile'}",
            "--virtual-time-budget=20000",
            "--dump-dom",
            file.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    found = re.search(r'id="axe-found">([^<]*)<', done.stdout)
    assert found, "axe n'a rien rendu"
    return json.loads(base64.b64decode(markup.unescape(found.group(1))))
