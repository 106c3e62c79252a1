"""Which counts of an adjusted comparison follow from which."""

from __future__ import annotations

import re

from studylib.report.disclosure.relations import TableCounts

_CODED = re.compile(r"(?P<system>.+)/(?P<length>\d+) (?P<code>\S+)")


def bind_remainder(counts: TableCounts) -> None:
    """Persons before an adjustment: those it keeps and those it leaves out."""
    for row in range(len(counts.frame)):
        keys = [counts.cells.get((row, name)) for name in ("persons", "kept", "left_out")]
        if None not in keys and len(set(keys)) == len(keys):
            counts.system.bind(keys[0], keys[1:])


def bind_nested_codes(counts: TableCounts) -> None:
    """Codes cut at several lengths (« ATC/3 B01 », « ATC/5 B01AA »): the longer implies both."""
    apart = [name for name in counts.text if name not in ("covariate", "kind")]
    groups: dict[tuple[str, ...], dict[str, int]] = {}
    for row, covariate in enumerate(counts.frame["covariate"].astype(str)):
        found = _CODED.fullmatch(covariate)
        if found:
            place = (found["system"], *counts.labels_of(row, apart))
            groups.setdefault(place, {}).setdefault(found["code"], row)
    for rows in groups.values():
        for code, row in rows.items():
            for length in range(1, len(code)):
                if code[:length] in rows:
                    _bind_pair(counts, rows[code[:length]], row)


def _bind_pair(counts: TableCounts, shorter: int, longer: int) -> None:
    for column in ("arm_count", "reference_count"):
        keys = [counts.cells.get((row, column)) for row in (shorter, longer)]
        if keys[0] is None or keys[1] is None or keys[0] == keys[1]:
            continue
        values = [counts.system.counts[key].value for key in keys]
        if values[0] > values[1]:
            counts.system.difference(keys[0], keys[1])
