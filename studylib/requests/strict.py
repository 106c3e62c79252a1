"""What every model of a request file obeys: nothing unknown, nothing guessed, nothing changed."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class StrictModel(BaseModel):
    """A frozen model that refuses unknown fields and guesses no type."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)


class StudyParameters(StrictModel):
    """What every model of study parameters is; each kind of study adds its own fields.

    A study that answers for all its regions at once, and has no report of each, sets ``one_scope``.
    """

    one_scope: ClassVar[bool] = False
