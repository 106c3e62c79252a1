"""What the trial cohort is, and the hash by which ways of building it are found equal."""

import hashlib

import pandas as pd

# Conditions that count one each in the comorbidity score, by ICD-10 prefix.
CONDITIONS = (
    "I50", "I21", "I25", "I48", "I63", "E11", "N18", "J44", "C50", "F03", "M05", "M81",
)  # fmt: skip
COLUMNS = [
    "person_id", "arm", "entry", "exit", "event", "exit_reason", "score", "drugs", "spent",
]  # fmt: skip


def digest(persons: pd.DataFrame) -> str:
    """Rows and a hash of the follow-up, whatever the order of rows and the integer types."""
    table = persons[COLUMNS].sort_values("person_id")
    cents = (table["spent"].astype(float) * 100).round()
    whole = table.assign(spent=cents).astype(
        {name: "int64" for name in ("event", "score", "drugs", "spent", "entry", "exit")}
    )
    text = whole.to_csv(index=False)
    return f"{len(table)} rows {hashlib.sha256(text.encode()).hexdigest()[:12]}"
