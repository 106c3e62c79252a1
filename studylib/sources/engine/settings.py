"""What an engine may take, and which engine it is."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from studylib.errors import StudyError

THREADS_VARIABLE = "STUDYLIB_THREADS"
MEMORY_VARIABLE = "STUDYLIB_MEMORY_GB"
TEMP_VARIABLE = "STUDYLIB_TEMP"

Kind = Literal["duckdb", "spark"]
KINDS: tuple[str, ...] = get_args(Kind)


@dataclass(frozen=True)
class EngineSettings:
    """Which engine, and what it may take; None leaves the engine its own choice.

    ``memory_gb`` is DuckDB's whole memory, or that of each Spark executor. ``temp_folder`` holds
    the checkpoints and what memory cannot; every worker of a Spark cluster must reach it, and it
    may then be an address (``hdfs://…``).
    ``master`` and ``conf`` are Spark's: the cluster's address and any further setting of its own.
    StudyError when a value makes no sense.

    >>> EngineSettings(threads=2).kind
    'duckdb'
    """

    threads: int | None = None
    memory_gb: float | None = None
    kind: Kind = "duckdb"
    master: str | None = None
    temp_folder: Path | str | None = None
    conf: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise StudyError(f"Moteur « {self.kind} » inconnu ; sont connus {' et '.join(KINDS)}.")
        for name, value in (("threads", self.threads), ("memory_gb", self.memory_gb)):
            if value is not None and not value > 0:
                raise StudyError(f"Moteur, {name} : reçu {value} ; il faut un nombre positif.")
        if self.kind == "duckdb" and (self.master or self.conf):
            raise StudyError(
                "Moteur duckdb : master et conf ne concernent que Spark ; les retirer, ou écrire "
                "kind: spark."
            )

    @classmethod
    def from_environment(cls) -> EngineSettings:
        """What the runner granted this process through its environment variables."""
        temp = os.environ.get(TEMP_VARIABLE)
        memory = _number(MEMORY_VARIABLE)
        threads = _number(THREADS_VARIABLE)
        return cls(
            threads=None if threads is None else int(threads),
            memory_gb=memory,
            temp_folder=Path(temp) if temp else None,
        )

    def duckdb(self) -> dict[str, Any]:
        """These settings as DuckDB names them; 70 % of the memory, for it overshoots its limit."""
        config: dict[str, Any] = {"preserve_insertion_order": "false"}
        if self.threads:
            config["threads"] = self.threads
        if self.memory_gb:
            config["memory_limit"] = f"{self.memory_gb * 0.7:.2f}GB"
        return config


def _number(variable: str) -> float | None:
    written = os.environ.get(variable)
    if not written:
        return None
    try:
        return float(written)
    except ValueError:
        raise StudyError(f"{variable} vaut « {written} » ; il faut un nombre.") from None
