"""The page: what it holds, what it refuses to hold, what the lints and the gate find."""

from __future__ import annotations

import nbformat.v4 as nb
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from studylib import report, tables
from studylib.errors import StudyError
from studylib.report import page

ALT = "De la population aux personnes analysées, deux étapes"


def shown(fragment):
    return nb.new_output("execute_result", {"text/html": fragment.html, "text/plain": "x"})


def flow(excluded=400):
    return pd.DataFrame(
        {"step": ["Population", "Adultes"], "persons": [1000, 1000 - excluded]}
    ).assign(excluded=[0, excluded])


def notebook(*more):
    tagged = {"tags": ["parameters"]}
    return nb.new_notebook(
        cells=[
            nb.new_markdown_cell("# Risque iatrogène"),
            nb.new_code_cell('request_file = "secret"', metadata=tagged),
            nb.new_code_cell("overrides = 1", metadata={"tags": ["injected-parameters"]}),
            nb.new_markdown_cell("## Population\n\nTexte.\n\n### Flux"),
            nb.new_code_cell(
                "report.flow_chart(flow)",
                outputs=[
                    nb.new_output("stream", name="stderr", text="UserWarning: trouble"),
                    nb.new_output("stream", name="stdout", text="printed"),
                    shown(report.flow_chart(flow(), caption="Flux", alt=ALT)),
                ],
            ),
            nb.new_markdown_cell("## Population"),
            nb.new_code_cell(
                "report.table(flow)",
                outputs=[shown(report.table(flow(), tables.FLOW, caption="Étapes"))],
            ),
            *more,
        ]
    )


PROVENANCE = {
    "run": "20261122-11",
    "date": "2026-11-22T10:15:00+00:00",
    "commit": "a1b2c3d",
    "dirty": True,
    "engine": page.engine_words({"engine": "DuckDB 2.0", "threads": "1", "memory_limit": "2 GB"}),
    "gate": (page.Rule("Aucun chemin absolu", True), page.Rule("Formes", False, "un détail")),
}


def render(*more, **options):
    chosen = {"title": "Titre du rapport", "provenance": PROVENANCE} | options
    return page.render(notebook(*more), **chosen)


@pytest.fixture
def soup():
    return BeautifulSoup(render(banners=["Données synthétiques"]), "html.parser")


def test_the_page_passes_its_lints():
    assert page.lint(render()) == []


def test_one_title_with_the_notebook_above_it(soup):
    assert [tag.get_text() for tag in soup.find_all("h1")] == ["Titre du rapport"]
    assert soup.find(class_="kicker").get_text() == "Risque iatrogène"
    assert soup.find(class_="subtitle").get_text() == "Rapport produit le 22 novembre 2026"


def test_parameters_prints_and_warnings_stay_out(soup):
    for word in ("request_file", "overrides", "UserWarning", "printed"):
        assert word not in soup.get_text()


def test_code_is_folded(soup):
    codes = soup.select("details.code")
    assert [code.summary.get_text() for code in codes] == ["Code", "Code"]
    assert not any(code.has_attr("open") for code in codes)


def test_contents_lead_to_headings_of_the_same_text(soup):
    links = soup.select("nav a")
    assert [link.get_text() for link in links] == ["Population", "Flux", "Population", "Provenance"]
    for link in links:
        assert soup.find(id=link["href"][1:]) is not None


def test_banners_come_first_and_once(soup):
    assert [tag.get_text() for tag in soup.select(".banner")] == ["Données synthétiques"]
    assert soup.select_one(".banners").find_next("main") is not None


def test_a_draft_says_it_is_one():
    assert "ne pas diffuser" in render(published=False)
    assert "ne pas diffuser" not in render(published=True)


def test_provenance_is_told_in_french(soup):
    told = {d.dt.get_text(): d.dd.get_text() for d in soup.select("footer .facts div")}
    assert told["Date d'exécution"] == "22 novembre 2026 à 10:15"
    assert told["Modifications locales"] == "oui"
    assert told["Moteur de calcul"] == "DuckDB 2.0, 1 fil de calcul, mémoire limitée à 2\xa0Go"
    rows = [row.get_text(" ") for row in soup.select("footer tbody tr")]
    assert rows == ["Aucun chemin absolu respectée –", "Formes non respectée un détail"]


def test_an_error_is_told_without_its_traceback():
    failed = nb.new_output("error", ename="ValueError", evalue="/srv/x", traceback=["line 1"])
    html = render(nb.new_code_cell("x", outputs=[failed]))
    assert "n'a pas abouti" in html
    assert "line 1" not in html


def test_text_given_cannot_become_markup():
    html = render(title="<b>T</b>", banners=["<i>b</i>"], provenance={"x<y>": "<u>z</u>"})
    assert "<b>" not in html
    assert "<i>" not in html
    assert "<u>" not in html


def test_the_style_sheet_stays_small():
    assert 3000 <= len(page.render.__globals__["stylesheet"]()) <= 6400


@pytest.mark.parametrize(
    ("medium", "rule"),
    [
        ("print", "thead{display:table-header-group"),
        ("print", "table:not(:has(tbody tr:nth-child(13))){break-inside:avoid}"),
        ("print", "h2,h3,h4,caption,figcaption{break-after:avoid}"),
        ("print", ".scroll{overflow:visible}"),
        ("screen and (max-width:40rem)", ".wide [data-label]::before{content:attr(data-label)"),
        ("screen and (max-width:40rem)", "td{overflow-wrap:anywhere}"),
    ],
)
def test_the_style_sheet_has_rules_for_paper_and_for_phones(medium, rule):
    sheet = page.render.__globals__["stylesheet"]()
    assert rule in sheet.split(f"@media {medium}{{")[1].split("\n")[0]


def test_every_cell_of_the_index_is_named_on_a_phone():
    soup = BeautifulSoup(page.index([entry()]), "html.parser")
    heads = [head.get_text() for head in soup.thead.find_all("th")]
    assert soup.table["class"] == ["wide"]
    assert [cell["data-label"] for cell in soup.select("tbody tr > *")] == heads


FAULTS = {
    "deux fois": ('<p id="a"></p><p id="a"></p>', "identifiant « a »"),
    "lien mort": ('<a href="#nulle-part">x</a>', "ne mène nulle part"),
    "second titre": ("<h1>Autre</h1>", "2 titres de niveau 1"),
    "saut": ("<h4>Trop bas</h4>", "Saut de niveau"),
    "image muette": ('<img src="data:,">', "texte de remplacement"),
    "nom de fichier": ('<img src="data:," alt="courbe.png">', "ne dit rien"),
    "répétition": (
        '<figure><figcaption>Le titre</figcaption><img src="data:," alt="Le titre"></figure>',
        "répète son titre",
    ),
    "tableau nu": ("<table><tr><td>1</td></tr></table>", "n'a pas de titre"),
    "sans portée": ("<table><caption>A</caption><tr><th>a</th></tr></table>", "sans portée"),
    "en-tête vide": (
        '<table><caption>A</caption><tr><th scope="col"></th></tr></table>',
        "en-tête vide",
    ),
    "image externe": ('<img src="https://x.fr/a.png" alt="une image externe">', "externe"),
    "style externe": ("<style>p{background:url(//x.fr/a.png)}</style>", "feuille de style"),
    "import": ('<style>@import "a.css"</style>', "feuille de style"),
    "feuille externe": ('<link rel="stylesheet" href="https://x.fr/a.css">', "externe"),
    "script": ("<script>1</script>", "script"),
    "anglais": ("<p>No description has been provided for this image</p>", "remplissage"),
    "virgule": ('<table><tr><td class="num">3.14</td></tr></table>', "3.14"),
    "milliers": ('<table><tr><td class="num">104230</td></tr></table>', "104230"),
}


@pytest.mark.parametrize(("piece", "expected"), FAULTS.values(), ids=FAULTS)
def test_lints_find(piece, expected):
    html = f"<html lang=fr><title>t</title><main><h1>t</h1><h2>s</h2>{piece}</main></html>"
    assert any(expected in fault for fault in page.lint(html))


def test_lints_want_french():
    assert any("lang" in fault for fault in page.lint(render().replace('lang="fr"', 'lang="en"')))


def broken(html, source=None, **options):
    return [rule.rule for rule in page.gate(html, source, **options) if not rule.passed]


def quiet():
    source = notebook()
    for cell in source.cells:
        if cell.cell_type == "code":
            cell.outputs = [out for out in cell.outputs if out.output_type != "stream"]
    return source


def test_the_gate_lets_a_sound_page_through():
    source = quiet()
    html = page.render(source, title="Titre", provenance=PROVENANCE)
    assert broken(html, source) == []


SMALL = (
    '<div class="studylib"><table><caption>A</caption><thead><tr><th scope="col">Étape</th>'
    '<th scope="col">Personnes</th></tr></thead><tbody><tr><th scope="row">x</th><td>7</td></tr>'
    "</tbody></table></div>"
)
LEAKS = {
    "chemin": ("<p>voir /srv/snds/extraction.parquet</p>", "Aucun chemin absolu"),
    "chemin Windows": (r"<p>voir C:\Users\x\a.csv</p>", "Aucun chemin absolu"),
    "chemin dans le code": ("<code>read('/data/a/b.csv')</code>", "Aucun chemin absolu"),
    "NIR": ("<p>2 85 05 78 006 084 91</p>", "Aucun identifiant de personne"),
    "NIR 13": ("<p>2850578006084</p>", "Aucun identifiant de personne"),
    "NIR dans alt": ('<img alt="patient 285057800608491">', "Aucun identifiant de personne"),
    "pseudonyme": ("<code>BEN_NIR_ANO</code>", "Aucun identifiant de personne"),
    "pandas": (
        '<table class="dataframe"><tr><td>1</td></tr></table>',
        "Tout affichage passe par le contrôle de diffusion",
    ),
    "petit effectif": (SMALL, "Aucun effectif sous le seuil"),
}


@pytest.mark.parametrize(("piece", "rule"), LEAKS.values(), ids=LEAKS)
def test_the_gate_finds(piece, rule):
    assert rule in broken(render().replace("</main>", f"{piece}</main>"))


@pytest.mark.parametrize(
    "piece",
    [
        "<p>CIP 3400930000000, le 22/11/2026, et/ou 3,1415926535897</p>",
        f"<p>{'3f1c9a' * 10}1234 sha256</p>",
        "<p>12 034 567 personnes ; 1 234 567 890 123,4 €</p>".replace(" ", "\u202f"),
        "<p>mg/kg/jour ; AVK / AOD</p>",
    ],
)
def test_the_gate_lets_through_what_is_no_leak(piece):
    assert broken(render().replace("</main>", f"{piece}</main>")) == []


def test_the_gate_knows_the_user(monkeypatch):
    monkeypatch.setattr("getpass.getuser", lambda: "mdurand")
    html = render().replace("</main>", "<p>lancé par mdurand</p></main>")
    assert "Aucun nom d'utilisateur ni de machine" in broken(html)


def test_the_gate_refuses_prints_errors_and_bare_values():
    assert "Aucune sortie brute" in broken(render(), notebook())
    bare = nb.new_output("execute_result", {"text/plain": "Series([1, 2])"})
    html = render(nb.new_code_cell("s", outputs=[bare]))
    assert "Tout affichage passe par le contrôle de diffusion" in broken(html)


def test_the_gate_reads_the_tables_beside_the_page():
    leak = {"01-flux.csv": pd.DataFrame({"step": ["A"], "persons": ["7"]})}
    assert "Aucun effectif sous le seuil" in broken(render(), tables=leak)
    masked = {"01-flux.csv": pd.DataFrame({"step": ["A"], "persons": ["<\u00a011"]})}
    assert broken(render(), tables=masked) == []


def entry(**other):
    fields = {
        "request": "2026-014",
        "title": "Hémorragies",
        "kind": "saisine",
        "region": "Île-de-France",
        "period": "2022-2024",
        "date": "2026-11-22",
        "status": "publié",
        "href": "2026-014/r2/report.html",
        "tables": "2026-014/r2/tables.zip",
        "synthetic": True,
        "superseded": [{"date": "2026-10-01", "href": "2026-014/r1/report.html"}],
    }
    return fields | other


def test_the_index_lists_reports_and_replaced_versions():
    html = page.index([entry(), entry(region="Bretagne", href="b.html", superseded=[])])
    assert page.lint(html) == []
    soup = BeautifulSoup(html, "html.parser")
    texts = {link["href"]: link.get_text() for link in soup.select("main a")}
    assert texts["2026-014/r2/report.html"] == "Rapport, Île-de-France"
    assert texts["2026-014/r1/report.html"] == "Île-de-France, version du 1er octobre 2026"
    assert "Données synthétiques" in soup.get_text()
    assert "Déclaration d'accessibilité" in soup.get_text()
    assert "2 rapports, 1\u00a0demande" in soup.get_text().replace("2\u00a0r", "2 r")


def test_an_empty_index_says_so():
    html = page.index([])
    assert page.lint(html) == []
    assert "Aucun rapport" in html


@pytest.mark.parametrize("href", ["https://x.fr/a", "/abs/a.html", "file:a", "javascript:a"])
def test_the_index_takes_relative_addresses_only(href):
    with pytest.raises(StudyError, match="relative"):
        page.index([entry(href=href)])
