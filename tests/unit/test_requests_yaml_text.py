"""YAML read as text: what keeps its meaning, which line a value has, what is refused."""

import pytest

from studylib.errors import RequestError
from studylib.requests.yaml_builder import MOST_VALUES
from studylib.requests.yaml_text import LARGEST_BYTES, read_text


def refusals(text: str | bytes) -> list[tuple[int | None, str, str]]:
    data = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(RequestError) as caught:
        read_text(data, "r.yaml")
    return [(p.line, p.given, p.accepted) for p in caught.value.problems]


def test_scalars_keep_the_text_that_was_written():
    text = 'a: [01, 010, 2A, no, 1e5, 12:30:00, 3400930000000, 0,05, 2026-03-02, "", ~, null, ]'
    assert read_text(text.encode(), "r.yaml").content == {
        "a": [
            *("01", "010", "2A", "no", "1e5", "12:30:00", "3400930000000", "0", "05"),
            *("2026-03-02", "", None, None),
        ]
    }


def test_no_key_is_turned_into_a_truth_value():
    assert read_text(b"no: 1\nyes:", "r.yaml").content == {"no": "1", "yes": None}


@pytest.mark.parametrize(
    ("path", "line"),
    [((), 2), (("a",), 2), (("b",), 3), (("b", "c"), 4), (("b", "c", 1), 6), (("b", "z"), 3)],
)
def test_every_path_has_its_line_or_that_of_its_block(path, line):
    text = "# titre\na: 1\nb:\n  c:\n    - x\n    - y\n"
    assert read_text(text.encode(), "r.yaml").line(path) == line


def test_a_byte_order_mark_and_windows_line_ends_are_accepted():
    assert read_text(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n", "r.yaml").content == {"a": "1", "b": "2"}


def test_a_repeated_key_is_told_at_any_level_and_the_rest_still_read():
    read = read_text(b"a:\n  b: 1\n  c: 2\n  b: {d: 3}\ne: [{f: 1, f: 2}]\n", "r.yaml")
    assert read.content == {"a": {"b": "1", "c": "2"}, "e": [{"f": "1"}]}
    assert [(p.line, p.field) for p in read.problems] == [(4, "a.b"), (5, "e[1].f")]
    assert "ligne 2" in read.problems[0].given


def test_a_key_equal_in_two_blocks_is_no_repetition():
    assert read_text(b"a: {x: 1}\nb: {x: 2}", "r.yaml").problems == ()


BREAKS = [
    ("empty", "", None, "un fichier vide"),
    ("blank", " \n\t\n", None, "un fichier vide"),
    ("comment only", "# rien\n", 1, "rien"),
    ("bare word", "bonjour", 1, "bonjour"),
    ("list", "- a\n- b", 1, "une liste de 2 valeurs"),
    ("documents", "a: 1\n---\nb: 2\n", 2, "plusieurs documents"),
    ("alias", "a: &x 1\nb: *x\n", 1, "&x"),
    ("tag", "a: 1\nb: !!int 2\n", 2, "int"),
    ("merge", "a: 1\n<<: {b: 2}\n", 2, "<<"),
    ("block as key", "? [a]\n: b\n", 1, "une clé qui est un bloc"),
    ("deep", "a: " + "[" * 40 + "]" * 40, 1, "niveaux"),
    ("many", "a: [" + "1, " * (MOST_VALUES + 5) + "]", 1, "10\u202f000"),
    ("control", "a: 1\nb: x\x07y\n", 2, "U+0007"),
]


@pytest.mark.parametrize(("text", "line", "given"), [b[1:] for b in BREAKS])
def test_what_is_not_one_plain_mapping_is_refused_with_its_line(text, line, given):
    first = refusals(text)[0]
    assert first[0] == line
    assert given in first[1]


def test_a_control_character_written_as_an_escape_is_a_fault_of_its_field():
    (fault,) = read_text(b'a: 1\nb: "x\\x07y"\n', "r.yaml").problems
    assert (fault.line, fault.field) == (2, "b")


def test_encodings_other_than_utf8_are_named():
    (cp1252,) = refusals("a: 1\nb: été\n".encode("cp1252"))
    assert cp1252[0] == 2
    assert "été" in cp1252[1]
    assert "Windows-1252" in cp1252[2]
    assert "UTF-8" in cp1252[2]
    assert "UTF-16" in refusals("a: 1".encode("utf-16"))[0][1]


def test_the_size_is_bounded_exactly():
    comment = b"a: 1\n#" + b"x" * (LARGEST_BYTES - 6)
    assert read_text(comment, "r.yaml").content == {"a": "1"}
    assert "1 Mo" in refusals(comment + b"x")[0][1]


def test_a_bomb_is_refused_at_its_first_reference_without_being_unfolded():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    found = refusals("\n".join(lines))
    assert found[0][0] == 1
    assert "se multiplier sans fin" in found[0][2]


SYNTAX = [
    ("title: Étude : risque", 1, 'écrivez\u00a0: title: "Étude : risque"'),
    ('a: 1\n- b: Le "cas" : oui', 2, None),
    ("r:\n  title : L'étude : suite", 2, 'title: "L\'étude : suite"'),
    ("r: {label: Délai : 60, n: 1}", 1, 'r: {label: "Délai : 60", n: 1}'),
    ("q: un texte\n  deux : trois", 2, "bloc ouvert par"),
    ("a: 1\nb:\n\tc: 2", 3, "tabulations"),
    ("a: 1\nb:\u00a02\nc: 3", 2, "insécable"),
    ("a: 'L'étude'", 1, 'écrivez\u00a0: a: "L\'étude"'),
    ('a: 1\nb: "ouvert\nc: 2', 2, "guillemets ouverts"),
    ("a: @dgs", 1, "@"),
    ("a: [1, 2", 1, "refermé"),
    ("a: 1\n b: {]", 2, None),
    ('a: "\\UFFFFFFFF"', None, "YAML"),
    ("%YAML 9.0\n---\na: 1", 1, None),
]


@pytest.mark.parametrize(("text", "line", "says"), SYNTAX)
def test_a_syntax_error_is_explained_in_french_at_its_line(text, line, says):
    (fault,) = refusals(text)
    assert fault[0] == line
    assert says is None or says in fault[2]


@pytest.mark.parametrize("text", [s[0] for s in SYNTAX if s[2] and "écrivez" in s[2]])
def test_the_repaired_line_is_valid_yaml(text):
    (fault,) = refusals(text)
    repaired = fault[2].split("écrivez\u00a0: ")[1]
    assert len(read_text(repaired.encode(), "r.yaml").content) == 1
