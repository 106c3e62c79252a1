"""Whatever is wrong in a request file, the user gets French sentences and exit code 2.

First the cases of everyday life, each with its own sentence at its own line; then a property: two
hundred files broken in every way we could think of, none of which may end as anything else than a
``RequestError``.
"""

import re
import shutil
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studylib import requests
from studylib.errors import RequestError

EXAMPLES = Path(__file__).resolve().parents[2] / "parameters" / "examples"
TEXTS = {
    name: re.sub(r"id: 2026-0\d\d", "id: 2026-900", (EXAMPLES / f"{name}.yaml").read_text("utf-8"))
    for name in ("iatrogenic_risk", "regional_spending")
}
RISK = TEXTS["iatrogenic_risk"]
ENGLISH = re.compile(
    r"\b(should|required|expected|permitted|found|while|could not|extra|input|unable)\b",
    re.I,
)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    root = tmp_path_factory.mktemp("project")
    (root / "notebooks").mkdir()
    shutil.copytree(EXAMPLES, root / "parameters" / "examples")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STUDYLIB_PROJECT", str(root))
        yield root


def problems(project, content):
    """The problems of a file holding ``content``; fails when it is accepted."""
    data = content if isinstance(content, bytes) else content.encode()
    (project / "parameters" / "2026-900.yaml").write_bytes(data)
    with pytest.raises(RequestError) as caught:
        requests.read("parameters/2026-900.yaml")
    assert caught.value.exit_code == 2
    assert caught.value.problems
    return caught.value.problems


def changed(old, new, text=RISK):
    assert old in text
    return text.replace(old, new, 1)


def line_of(text, piece):
    return next(n for n, line in enumerate(text.splitlines(), start=1) if piece in line)


def the_one(found, field):
    (fault,) = [p for p in found if p.field == field]
    return fault


# --- the cases named, each with its own sentence ------------------------------------------------


def test_a_duplicate_key(project):
    text = changed("  kind: saisine", "  kind: ars\n  kind: saisine")
    (fault,) = problems(project, text)
    assert fault.field == "request.kind"
    assert fault.line == line_of(text, "kind: saisine")
    assert f"déjà écrite ligne {fault.line - 1}" in fault.given
    assert "une seule fois" in fault.accepted


def test_an_empty_file(project):
    (fault,) = problems(project, "")
    assert (fault.line, fault.given) == (None, "un fichier vide")
    assert "parameters/examples/" in fault.accepted


def test_a_wrong_encoding(project):
    text = changed("# Exemple de demande : étude de risque", "# Exemple")
    (fault,) = problems(project, text.replace("œ", "oe").encode("cp1252"))
    assert fault.line == next(n for n, x in enumerate(text.splitlines(), 1) if not x.isascii())
    assert "Windows-1252" in fault.accepted
    assert "UTF-8" in fault.accepted


def test_a_french_colon_in_an_unquoted_title(project):
    quoted = '"Hémorragies majeures : anticoagulants oraux directs et antivitamines K"'
    text = changed(quoted, quoted.strip('"'))
    (fault,) = problems(project, text)
    assert fault.line == line_of(text, "title:")
    assert "deux-points français" in fault.accepted
    assert fault.accepted.endswith(f"title: {quoted}")  # the line to copy repairs the file


def test_an_unknown_study(project):
    text = changed("study: iatrogenic_risk", "study: iatrogenic_risc")
    fault = the_one(problems(project, text), "study")
    assert fault.line == line_of(text, "study: iatrogenic_risc")
    assert "«\u00a0iatrogenic_risk\u00a0»" in fault.accepted


def test_an_unknown_region(project):
    text = changed('regions: ["11", "84"]', 'regions: ["11", "84", "99"]')
    (fault,) = problems(project, text)
    assert (fault.field, fault.line) == ("regions[3]", line_of(text, "regions:"))
    assert fault.given == "«\u00a099\u00a0»"
    assert "01, 02, 03" in fault.accepted


def test_a_region_whose_zero_was_lost(project):
    text = changed('regions: ["11", "84"]', 'regions: ["11", "84", 1]')
    assert "écrivez «\u00a001\u00a0»" in problems(project, text)[0].accepted


def test_a_code_list_that_does_not_exist(project):
    text = changed("AVK: avk", "AVK: avx")
    (fault,) = problems(project, text)
    assert (fault.field, fault.line) == ("parameters.arms.AVK", line_of(text, "AVK: avx"))
    assert "vouliez-vous écrire «\u00a0avk\u00a0»" in fault.accepted


def test_dates_out_of_order(project):
    text = changed("due: 2026-12-31", "due: 2026-03-01")
    text = changed("end: 2023-12-31", "end: 2021-12-31", text)
    due, end = problems(project, text)
    assert (due.field, due.line) == ("request.due", line_of(text, "due: 2026"))
    assert "2026-03-02" in due.accepted
    assert (end.field, end.line) == ("parameters.inclusion.end", line_of(text, "end: 2021"))
    assert "2022-01-01" in end.accepted


@pytest.mark.parametrize("name", ["washout_days", "history_days", "grace_days"])
def test_a_negative_window(project, name):
    text = re.sub(rf"\n  {name}: \d+", f"\n  {name}: -30", RISK)
    fault = the_one(problems(project, text), f"parameters.{name}")
    assert fault.line == line_of(text, f"{name}: -30")
    assert "ne peut pas être négative" in fault.accepted


def test_a_region_listed_twice(project):
    text = changed('regions: ["11", "84"]', 'regions: ["11", "84", "11"]')
    (fault,) = problems(project, text)
    assert (fault.field, fault.line) == ("regions[3]", line_of(text, "regions:"))
    assert "une seule fois" in fault.accepted


def test_an_informed_agency_that_is_not_of_the_request(project):
    text = changed('"84": 2026-02-25', '"76": 2026-02-25')
    (fault,) = problems(project, text)
    assert fault.field == "request.agencies_informed.76"
    assert fault.line == line_of(text, '"76"')


def test_a_path_that_climbs_out_of_the_project(project):
    for call in (requests.find, requests.read):
        with pytest.raises(RequestError) as caught:
            call("../../etc/hosts")
        assert caught.value.exit_code == 2
        assert "sort du dossier du projet" in caught.value.problems[0].accepted


def test_a_file_of_ten_megabytes(project):
    (fault,) = problems(project, RISK.encode() + b"#" * 10_000_000)
    assert "plus de 1 Mo" in fault.given


def test_a_yaml_bomb(project):
    bomb = "a: &a [x, x]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(30))
    found = problems(project, bomb)
    assert found[0].line == 1
    assert "se multiplier sans fin" in found[0].accepted


def test_a_missing_and_an_unknown_field(project):
    text = changed("  received: 2026-03-02", "  recieved: 2026-03-02")
    found = problems(project, text)
    unknown, missing = the_one(found, "request.recieved"), the_one(found, "request.received")
    assert unknown.line == line_of(text, "recieved")
    assert "«\u00a0received\u00a0»" in unknown.accepted
    assert missing.given == "champ absent"


@pytest.mark.parametrize("name", ["requester", "legal_basis"])
def test_a_saisine_without_who_or_why(project, name):
    text = re.sub(rf"\n  {name}: .*", "", RISK)
    assert "saisine" in the_one(problems(project, text), f"request.{name}").accepted


def test_an_urgent_request_without_due_date(project):
    text = re.sub(r"\n  due: .*", "", changed("kind: saisine", "kind: urgent"))
    assert "urgente" in the_one(problems(project, text), "request.due").accepted


def test_a_threshold_below_eleven(project):
    text = changed("disclosure_threshold: 11", "disclosure_threshold: 10")
    assert "11" in the_one(problems(project, text), "disclosure_threshold").accepted


def test_every_fault_is_told_at_once_in_the_order_of_the_file(project):
    text = RISK
    for old, new in [
        ("kind: saisine", "kind: saisin"),
        ("received: 2026-03-02", "received: 2/3/2026"),
        ('"84": 2026-02-25', '"76": 2026-02-25'),
        ("source: simulated", "source: ../x"),
        ('["11", "84"]', '["11", "84", "99"]'),
        ("AVK: avk", "AVK: avx"),
        ("positions: [DP]", "positions: [DX]"),
        ("minimum_age: 18", "minimum_age: dix-huit"),
    ]:
        text = changed(old, new, text)
    found = problems(project, text)
    assert [p.field for p in found] == [
        "request.kind",
        "request.received",
        "request.agencies_informed.76",
        "source",
        "regions[3]",
        "parameters.arms.AVK",
        "parameters.outcome.positions[1]",
        "parameters.minimum_age",
    ]
    assert all(p.file == "parameters/2026-900.yaml" for p in found)


# --- the property: two hundred broken files -----------------------------------------------------


def paths(content, prefix=()):
    for key, value in content.items():
        yield (*prefix, key)
        if isinstance(value, dict):
            yield from paths(value, (*prefix, key))


TREES = {name: yaml.load(text, Loader=yaml.BaseLoader) for name, text in TEXTS.items()}
NAMES = st.sampled_from(sorted(TREES))
REQUIRED = [
    ("request",),
    ("study",),
    ("source",),
    ("regions",),
    ("parameters",),
    *(("request", name) for name in ("id", "title", "kind", "received", "question")),
]
REQUIRED_OF = {
    "iatrogenic_risk": [
        *(("parameters", p) for p in ("arms", "reference", "outcome", "inclusion")),
        ("parameters", "follow_up_end"),
        ("parameters", "inclusion", "start"),
        ("parameters", "inclusion", "end"),
        ("parameters", "outcome", "label"),
        ("request", "requester"),
        ("parameters", "sensitivity", "delai_60", "label"),
        ("parameters", "sensitivity", "delai_60", "grace_days"),
    ],
    "regional_spending": [
        ("parameters", "drug_year"),
        ("parameters", "comparison", "end"),
        ("parameters", "groups", "adalimumab", "kind"),
    ],
}


def copied(name):
    return yaml.load(TEXTS[name], Loader=yaml.BaseLoader)


def block_of(tree, path):
    for part in path[:-1]:
        tree = tree[part]
    return tree


def written(tree):
    return yaml.safe_dump(tree, allow_unicode=True, sort_keys=False).encode()


@st.composite
def a_field_dropped(draw):
    name = draw(NAMES)
    tree, path = copied(name), draw(st.sampled_from(REQUIRED + REQUIRED_OF[name]))
    del block_of(tree, path)[path[-1]]
    return written(tree)


@st.composite
def a_wrong_type(draw):
    name = draw(NAMES)
    tree = copied(name)
    # a block where a value is due, a value where a block or a list is due
    path = draw(st.sampled_from(list(paths(tree))))
    given = block_of(tree, path)[path[-1]]
    is_block = isinstance(given, dict | list)
    wrong = ["texte", {"a": {"b": ["c"]}}] if is_block else [["x"], {"x": "y"}]
    block_of(tree, path)[path[-1]] = draw(st.sampled_from(wrong))
    return written(tree)


@st.composite
def a_bad_scalar(draw):
    field = draw(
        st.sampled_from(
            [
                ("request", "received"),
                ("request", "kind"),
                ("request", "id"),
                ("disclosure_threshold",),
                ("parameters", "follow_up_end"),
                ("parameters", "history_days"),
                ("parameters", "reference"),
                ("parameters", "outcome", "codelist"),
                ("parameters", "arms", "AVK"),
                ("parameters", "follow_up"),
            ]
        )
    )
    tree = copied("iatrogenic_risk")
    # the exclamation mark is in no accepted value, whatever the field
    block_of(tree, field)[field[-1]] = draw(st.text(min_size=1, max_size=90)) + "!"
    return written(tree)


@st.composite
def a_bad_code(draw):
    name = draw(NAMES)
    tree = copied(name)
    code = draw(st.from_regex(r"\A[0-9]{1,3}[A-Z]?\Z"))
    known = requests.schema(name)["properties"]["regions"]["items"]["enum"]
    tree["regions"].append(code if code not in known else f"{code}X")
    return written(tree)


@st.composite
def dates_out_of_order(draw):
    tree = copied("iatrogenic_risk")
    header, parameters = tree["request"], tree["parameters"]
    year = draw(st.integers(1991, 2019))
    change = draw(st.integers(0, 2))
    if change == 0:
        header["due"] = f"{year}-05-01"
    elif change == 1:
        parameters["inclusion"]["end"] = f"{year}-05-01"
    else:
        parameters["follow_up_end"] = f"{year}-05-01"
    return written(tree)


@st.composite
def a_repeated_line(draw):
    lines = TEXTS[draw(NAMES)].splitlines()
    simple = [n for n, line in enumerate(lines) if re.match(r" *[a-zA-Z_]+: +[^ >#]", line)]
    n = draw(st.sampled_from(simple))
    return "\n".join([*lines[: n + 1], *lines[n:]]).encode()


@st.composite
def an_unknown_field(draw):
    name = draw(NAMES)
    tree = copied(name)
    at = draw(st.sampled_from([(), ("request",), ("parameters",)]))
    block = tree
    for part in at:
        block = block[part]
    unknown = draw(st.text(st.characters(codec="utf-8"), max_size=30)) + "?"
    block[unknown] = draw(st.sampled_from(["1", {"a": "b"}, [], None]))
    return written(tree)


@st.composite
def a_truncated_file(draw):
    name, last = draw(
        st.sampled_from(
            [("iatrogenic_risk", "follow_up_end:"), ("regional_spending", "drug_year:")]
        )
    )
    data = TEXTS[name].encode()
    return data[: draw(st.integers(0, data.index(last.encode())))]


@st.composite
def a_byte_inserted(draw):
    data = TEXTS[draw(NAMES)].encode()
    control = st.sampled_from([bytes([n]) for n in range(32) if n not in (9, 10, 13)])
    never_utf8 = st.sampled_from([b"\xff", b"\xfe", b"\xc0"])
    n = draw(st.integers(0, len(data)))
    return data[:n] + draw(control | never_utf8) + data[n:]


@st.composite
def a_yaml_trick(draw):
    tricks = ["&a x", "*a", "!!int 18", "!x 1", "@x", "`x`", "%x", "[18", "{a: 18", '"18', "a : b"]
    trick = draw(st.sampled_from(tricks))
    name = draw(NAMES)
    lines = TEXTS[name].splitlines()
    simple = [n for n, line in enumerate(lines) if re.match(r" *[a-z_]+: +[^ >#]", line)]
    n = draw(st.sampled_from(simple))
    lines[n] = lines[n].split(":")[0] + ": " + trick
    return "\n".join(lines).encode()


@st.composite
def a_merge_or_a_tab(draw):
    lines = TEXTS[draw(NAMES)].splitlines()
    start = lines.index("request:")
    indented = [n for n, line in enumerate(lines) if n > start and re.match(r" +[a-z_]+:", line)]
    n = draw(st.sampled_from(indented))
    indent = " " * (len(lines[n]) - len(lines[n].lstrip()))
    lines[n : n + 1] = draw(
        st.sampled_from([[indent + "<<: {a: b}", lines[n]], ["\t" + lines[n].lstrip()]])
    )
    return "\n".join(lines).encode()


random_trees = st.recursive(
    st.none() | st.text(max_size=20) | st.integers() | st.floats() | st.dates(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=30,
)
KINDS = {
    "dropped": a_field_dropped(),
    "wrong type": a_wrong_type(),
    "bad scalar": a_bad_scalar(),
    "bad code": a_bad_code(),
    "dates": dates_out_of_order(),
    "repeated": a_repeated_line(),
    "unknown": an_unknown_field(),
    "truncated": a_truncated_file(),
    "byte": a_byte_inserted(),
    "trick": a_yaml_trick(),
    "merge or tab": a_merge_or_a_tab(),
    "bytes": st.binary(max_size=300),
    "yaml": random_trees.map(lambda tree: yaml.safe_dump(tree).encode()),
    "text": st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")),
}
EXAMPLES_OF_EACH = 15


def test_there_are_two_hundred_of_them():
    assert len(KINDS) * EXAMPLES_OF_EACH >= 200


@pytest.mark.parametrize("kind", KINDS)
def test_a_broken_file_always_ends_as_french_problems(project, kind):
    seen = []

    @settings(
        max_examples=EXAMPLES_OF_EACH,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(KINDS[kind])
    def check(data):
        seen.append(data)
        for fault in problems(project, data):
            assert fault.accepted
            assert not ENGLISH.search(fault.accepted.split("écrivez")[0])
            assert len(fault.given) <= 100
            sentence = str(fault)
            assert "attendu" in sentence
            assert sentence.encode("utf-8")
            assert "\n" not in sentence

    check()
    # the generator really broke the files, in ways that differ
    assert not {text.encode() for text in TEXTS.values()} & set(seen)
    assert len(set(seen)) >= min(EXAMPLES_OF_EACH, 8)


def test_the_files_they_start_from_are_valid(project):
    for name, text in TEXTS.items():
        for data in (text.encode(), written(copied(name))):
            (project / "parameters" / "2026-900.yaml").write_bytes(data)
            assert requests.read("parameters/2026-900.yaml").study == name


@pytest.mark.parametrize(
    ("old", "new", "field", "said"),
    [
        ("    predictive_values: [0.8, 0.9, 1]", "    differential: oui", "", "l'une des deux"),
        (
            "    predictive_values: [0.8, 0.9, 1]",
            "    predictive_values: [0.8]\n    specificities: [1]",
            "",
            "l'une des deux",
        ),
        (
            "    predictive_values: [0.8, 0.9, 1]",
            "    predictive_values: [0.8]\n    differential: oui",
            "",
            "specificities, puisque",
        ),
        ("    predictive_values: [0.8, 0.9, 1]", "    specificities: [0.2]", "", "somme"),
        ("sensitivities: [0.6, 0.8, 1]", "sensitivities: []", ".sensitivities", "au moins une"),
        ("sensitivities: [0.6, 0.8, 1]", "sensitivities: [1.2]", ".sensitivities", "0 exclu à 1"),
    ],
)
def test_codings_that_mean_nothing_are_refused(project, old, new, field, said):
    (found,) = problems(project, changed(old, new))
    assert f"parameters.misclassification{field} " in f"{found.field} "
    assert said in found.accepted


@pytest.mark.parametrize(
    ("old", "new", "field", "said"),
    [
        (
            "    seed: 20260302                    #",
            "    #",
            "nested_case_control.seed",
            "obligatoire",
        ),
        ("    controls: 4", "    controls: 0", "nested_case_control.controls", "de 1 à 20"),
        (
            "estimators: [doubly_robust, standardised]",
            "estimators: []",
            "modelled_risks.estimators",
            "au moins une",
        ),
        (
            "  misclassification:",
            "  positive_controls: {ratios: [1, 2], seed: 1}\n\n  misclassification:",
            "positive_controls.ratios",
            "de 1 exclu à 100",
        ),
    ],
)
def test_designs_and_controls_that_mean_nothing_are_refused(project, old, new, field, said):
    (found,) = problems(project, changed(old, new))
    assert found.field == f"parameters.{field}"
    assert said in found.accepted
