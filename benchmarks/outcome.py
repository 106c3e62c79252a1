"""The hash by which two ways of building one cohort are found equal."""

import hashlib

import pandas as pd

COLUMNS = ["person_id", "arm", "entry", "exit", "event", "exit_reason", "renal_disease"]


def digest(persons: pd.DataFrame) -> str:
    """Rows and a hash of the follow-up, whatever the order of rows and the integer types."""
    table = persons[COLUMNS].sort_values("person_id")
    text = table.astype({"event": int, "renal_disease": int}).to_csv(index=False)
    return f"{len(table)} rows {hashlib.sha256(text.encode()).hexdigest()[:12]}"
