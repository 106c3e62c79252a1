"""What was used before index, in plain Python: see ``oracle`` for worlds and entries."""

from math import floor

from oracle import of


def cents(euros):
    return floor(euros * 100 + 0.5)


def hospital_history(world, entry, days_before, counted):
    """stays, days, emergency stays, days since the last one."""
    window, low = range(entry["index"] - days_before, entry["index"]), entry["index"] - days_before
    kept, days = [], set()
    for row in of(world, "stays", entry["person"]):
        spent = set(range(row["start"], max(row["end"], row["start"] + 1)))
        met = row["start"] in window if counted == "admitted" else spent & set(window)
        if row["start"] < entry["index"] and met:
            kept.append((row["emergency"], entry["index"] - min(max(spent) + 1, entry["index"])))
            days |= spent & set(range(low, entry["index"]))
    last = min((since for _, since in kept), default=None)
    return (len(kept), len(days), sum(emergency for emergency, _ in kept), last)


def prior_cost(world, entry, days_before, component, prorated=False):
    window, total = set(range(entry["index"] - days_before, entry["index"])), 0
    for row in of(world, component, entry["person"]):
        if prorated:
            spent = set(range(row["start"], max(row["end"], row["start"] + 1)))
            total += (
                cents(row["cost"] * (len(spent & window) / len(spent))) if spent & window else 0
            )
        elif row["start"] in window:
            total += cents(row["cost"])
    return total / 100
