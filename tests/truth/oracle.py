"""What each cohort verb means, in plain Python: loops over persons and sets of days, no engine.

Written from the docstrings of ``studylib.cohort``. ``world`` maps a table's name to its rows, as
dictionaries; an arm is a prefix of ATC codes, a disease a prefix of ICD-10 codes. Entries are
dictionaries person, arm, index; tables come back as sets of tuples.
"""

from collections import defaultdict
from datetime import date, timedelta


def persons(world):
    return {row["person_id"]: row for row in world["persons"]}


def of(world, table, person):
    return [row for row in world[table] if row["person_id"] == person]


def supply(world, arms, length=lambda row: row["end"] - row["start"]):
    """(person, arm) → {day: days given}, one at least."""
    given = defaultdict(lambda: defaultdict(int))
    for row in world["dispensings"]:
        for arm, prefix in arms.items():
            if row["atc"].startswith(prefix):
                given[row["person_id"], arm][row["start"]] += length(row)
    return {who: {day: max(1, n) for day, n in days.items()} for who, days in given.items()}


def observed(world, person, day, gap_days):
    """The unbroken stretch that holds the day, or None."""
    spans = sorted((row["start"], row["end"]) for row in of(world, "observation", person))
    merged = []
    for start, end in spans:
        if merged and start - merged[-1][1] <= gap_days:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return next(((a, b) for a, b in merged if a <= day < b), None)


def years(birth, when):
    """Completed years, by the calendar."""
    born, now = (date(1970, 1, 1) + timedelta(days=day) for day in (birth, when))
    return now.year - born.year - ((now.month, now.day) < (born.month, born.day))


def admitted(world, starts, gap_days):
    """Entries among (person, day, arms of that day): one arm, observed, not dead before."""
    found = []
    for person, day, arms in starts:
        who, seen = persons(world)[person], observed(world, person, day, gap_days)
        alive = who["death_date"] is None or who["death_date"] >= day
        if len(arms) == 1 and seen and alive:
            found.append({"person": person, "arm": next(iter(arms)), "index": day, "seen": seen})
    return found


def new_users(world, arms, first, last, washout_days, repeat=False, gap_days=0):
    given, starts = supply(world, arms), []
    for person in persons(world):
        days = {day for arm in arms for day in given.get((person, arm), {})}
        free = sorted(
            day
            for day in days
            if first <= day <= last and not days & set(range(day - washout_days, day))
        )
        for day in free if repeat else free[:1]:
            starts.append(
                (person, day, {arm for arm in arms if day in given.get((person, arm), {})})
            )
    return admitted(world, starts, gap_days)


def episodes(given, grace_days, carry_over):
    """(person, arm, start, end)."""
    found = set()
    for (person, arm), days in given.items():
        begun = until = None
        for day in sorted(days):
            if until is not None and day - until <= grace_days:
                until = max(until, day) + days[day] if carry_over else max(until, day + days[day])
                continue
            if begun is not None:
                found.add((person, arm, begun, until))
            begun, until = day, day + days[day]
        found.add((person, arm, begun, until))
    return found


def treated(entry, spans):
    """The end of the episode of the entry's arm that holds its index day, or None."""
    return next((e for p, a, s, e in spans if (p, a) == (entry["person"], entry["arm"])
                 and s <= entry["index"] < e), None)  # fmt: skip


def events(world, disease, positions=None):
    """person → [(start, end)] of diagnoses and, without positions, long-term conditions."""
    found = defaultdict(list)
    last = max(row["end"] for row in world["observation"])
    for table in ("diagnoses", "long_term_conditions"):
        for row in world[table]:
            asked = positions is None or (table == "diagnoses" and row["position"] in positions)
            if asked and row["code"].startswith(disease):
                end = last if row["end"] is None else row["end"]
                found[row["person_id"]].append((row["start"], end))
    return found


def had_event(found, entry, days_before):
    window = set(range(entry["index"] - days_before, entry["index"]))
    return any(
        start < entry["index"] and window & set(range(start, max(end, start + 1)))
        for start, end in found[entry["person"]]
    )


def follow_up(world, arms, entries, disease, positions, grace_days, days, last, on_treatment):
    """(person, arm, entry, exit, event, reason)."""
    given, outcomes, table = supply(world, arms), events(world, disease, positions), set()
    spans = episodes(given, grace_days, True)
    for entry in entries:
        person, index, death = entry["person"], entry["index"], persons(world)[entry["person"]]
        ends = {"end_of_observation": entry["seen"][1]}
        ends["end_of_follow_up"] = min(index + days, last + 1)
        if death["death_date"] is not None:
            ends["death"] = death["death_date"] + 1
        if on_treatment:
            stop = treated(entry, spans)
            others = [day for arm in arms if arm != entry["arm"]
                      for day in given.get((person, arm), {}) if day > index]  # fmt: skip
            ends |= {"discontinuation": stop} if stop is not None else {}
            ends |= {"switch": min(others) + 1} if others else {}
        cut = min(ends.values())
        hits = [start for start, _ in outcomes[person] if index <= start < cut]
        order = ("death", "switch", "discontinuation", "end_of_observation", "end_of_follow_up")
        reason = "outcome" if hits else next(r for r in order if ends.get(r) == cut)
        exit_day = min(hits) + 1 if hits else cut
        table.add((person, entry["arm"], index, exit_day, bool(hits), reason))
    return table


def concurrent(spans):
    """(person, drugs, number, start, end)."""
    use = defaultdict(set)
    for person, arm, start, end in spans:
        for day in range(start, end):
            use[person, day].add(arm)
    found, open_ = set(), None  # the stretch going on: person, drugs, first day, last day
    for (person, day), drugs in [*sorted(use.items()), ((None, 0), set())]:
        if open_ and (open_[0], open_[1], open_[3] + 1) == (person, drugs, day):
            open_ = (*open_[:3], day)
            continue
        if open_:
            who, before, begun, last = open_
            found.add((who, " + ".join(sorted(before)), len(before), begun, last + 1))
        open_ = (person, drugs, day, day)
    return found


def treatment_changes(world, entries, spans, gap_days, overlap_days):
    """(person, index, change, day, other)."""
    found = set()
    for entry in entries:
        person, index, end = entry["person"], entry["index"], treated(entry, spans)
        if end is None:
            continue
        others = sorted((s, a, e) for p, a, s, e in spans if p == person and a != entry["arm"])
        died = persons(world)[person]["death_date"]
        lived = min(entry["seen"][1], entry["seen"][1] if died is None else died + 1)
        row = ("stop" if end < lived else "none", end, None)
        for start, arm, other_end in others:
            if index < start <= end + gap_days:
                if end - start <= overlap_days:
                    row = ("switch", start, arm)
                    break
                if min(end, other_end) - start > overlap_days:
                    row = ("add_on", start, arm)
                    break
        found.add((person, index, *row))
    return found


def days_covered(world, entries, spans, window_days):
    """(person, index, covered, window)."""
    found = set()
    for entry in entries:
        died = persons(world)[entry["person"]]["death_date"]
        end = min(entry["index"] + window_days, entry["seen"][1])
        window = set(range(entry["index"], end if died is None else min(end, died + 1)))
        own = [
            set(range(s, e)) for p, a, s, e in spans if (p, a) == (entry["person"], entry["arm"])
        ]
        found.add((entry["person"], entry["index"], len(window & set().union(*own)), len(window)))
    return found


def persistence(world, entries, spans, grace_days, days):
    """(person, entry, exit, event, reason)."""
    found = set()
    for entry in entries:
        end, died = treated(entry, spans), persons(world)[entry["person"]]["death_date"]
        if end is None:
            continue
        ends = {"end_of_observation": entry["seen"][1], "end_of_follow_up": entry["index"] + days}
        ends |= {} if died is None else {"death": died + 1}
        seen = min(ends["end_of_observation"], ends.get("death", ends["end_of_observation"]))
        if end < min(ends.values()):
            event = end + grace_days <= seen
            censored = "death" if ends.get("death") == seen else "end_of_observation"
            row = (end, event, "outcome" if event else censored)
        else:
            cut = min(ends.values())
            order = ("death", "end_of_observation", "end_of_follow_up")
            row = (cut, False, next(r for r in order if ends.get(r) == cut))
        found.add((entry["person"], entry["index"], *row))
    return found


def nth_events(starts, n, apart_days, later):
    """Among sorted first days, the nth that is far enough from the one before, or all from it."""
    far = [day for i, day in enumerate(starts) if i == 0 or day - starts[i - 1] >= apart_days]
    return far[n - 1 :] if later else far[n - 1 : n]
