"""How a file is written, when it does not say so itself."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from studylib.errors import ChoiceError

AUTO = "auto"
ENCODINGS = (AUTO, "cp1252", "utf-8")
DELIMITERS = (AUTO, ";", ",", "tab", "|")
DECIMALS = (AUTO, ",", ".")
DATES = (AUTO, "dd/mm/yyyy", "yyyy-mm-dd", "ddmmmyyyy")
DEFAULT_REJECTED = 0.01


@dataclass(frozen=True)
class Options:
    """What the person importing states; ``auto`` is read from the file.

    ``table`` and ``year`` say what the file holds when its name does not; ``max_rejected`` is the
    share of lines set aside above which the import of a file is refused.
    """

    table: str | None = None
    year: int | None = None
    encoding: str = AUTO
    delimiter: str = AUTO
    decimal: str = AUTO
    dates: str = AUTO
    max_rejected: float = DEFAULT_REJECTED

    def __post_init__(self) -> None:
        """Refuses (ChoiceError) an option that is not one of its accepted values."""
        for name, given, accepted in (
            ("--encoding", self.encoding, ENCODINGS),
            ("--delimiter", self.delimiter, DELIMITERS),
            ("--decimal", self.decimal, DECIMALS),
            ("--dates", self.dates, DATES),
        ):
            if given not in accepted:
                raise ChoiceError(
                    f"Option {name} : « {given} » n'est pas accepté ; choisir parmi "
                    f"{', '.join(accepted)}."
                )
        if not 0 <= self.max_rejected <= 1:
            raise ChoiceError(
                f"Option --max-rejected : {self.max_rejected} n'est pas une part ; donner un "
                "nombre de 0 à 1, par exemple 0.01."
            )

    @property
    def separator(self) -> str | None:
        """The character that parts fields; None when it is to be read from the file.

        >>> Options(delimiter="tab").separator == chr(9)
        True
        """
        return None if self.delimiter == AUTO else self.delimiter.replace("tab", "\t")

    def as_read(self) -> dict[str, Any]:
        """The options that change what is read from a file, for the manifest."""
        return {name: value for name, value in asdict(self).items() if name != "max_rejected"}
