"""What every model of a request file obeys: nothing unknown, nothing guessed, nothing changed."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class StrictModel(BaseModel):
    """A frozen model that refuses unknown fields and guesses no type."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)


class StudyParameters(StrictModel):
    """What every model of study parameters is; each kind of study adds its own fields."""
