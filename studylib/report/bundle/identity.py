"""What a bundle answers, and what it was made with."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Identity:
    """Where a bundle comes from; no person, no path, no machine.

    ``request`` and ``fingerprint`` say which question it answers with which choices: bundles that
    differ in them are not pooled. ``site`` is the observatory's region, by name.
    """

    request: str
    title: str
    study: str
    fingerprint: str
    site: str
    regions: tuple[str, ...]
    run: str
    synthetic: bool
    threshold: int
    studylib: str
    library_sha256: str
    data_fingerprint: str

    def as_json(self) -> dict[str, Any]:
        """The identity as JSON holds it."""
        return {**asdict(self), "regions": list(self.regions)}


def fingerprint(resolved: Mapping[str, Any]) -> str:
    """The hash of what a request asks: its study and parameters, not where nor on what source.

    Two observatories that answer one request have the same. ``resolved`` is the request with every
    default written out, as its run's record holds it.

    >>> one = {"study": "x", "parameters": {"a": 1}, "source": "here"}
    >>> fingerprint(one) == fingerprint({**one, "source": "there"})
    True
    """
    asked = {name: resolved.get(name) for name in ("study", "parameters")}
    return digest(asked)


def digest(value: object) -> str:
    """SHA-256 of a value's canonical JSON."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
