"""What ``cohort.matched`` means, in plain Python: circles walked place by place, in rounds."""

from collections import defaultdict
from datetime import date, timedelta
from itertools import count

from oracle import observed, persons


def matched(world, entries, on, band, ratio, replacement, history_days, seed):
    """(case, comparator), in rounds."""
    known, exposed = persons(world), {e["person"]: e["index"] for e in entries}

    def stratum(person):
        born = (date(1970, 1, 1) + timedelta(days=known[person]["birth_date"])).year
        return (*(known[person][name] for name in on), born // band if band else 0)

    def key(person):
        prime = 2_147_483_647
        x = (person % prime * 1_103_515_245 + (seed or 0) % prime * 48_271) % prime
        return (0 if seed is None else x * x % prime, person)

    def valid(case, person):
        seen = observed(world, person, case["index"], 0)
        died, free = known[person]["death_date"], exposed.get(person)
        return (person != case["person"] and seen and seen[0] <= case["index"] - history_days
                and (died is None or died >= case["index"])
                and (free is None or free > case["index"]))  # fmt: skip

    circles, numbers, pairs, taken = defaultdict(list), defaultdict(count), [], set()
    for person in sorted(known, key=key):
        circles[stratum(person)].append(person)
    order = sorted(entries, key=lambda entry: (entry["index"], entry["person"]))
    cases = [(e, circles[stratum(e["person"])], next(numbers[stratum(e["person"])])) for e in order]
    found, seen, width = defaultdict(list), 0, 8 * ratio
    while any(len(found[e["person"]]) < ratio and len(circle) > seen for e, circle, _ in cases):
        lost = True
        while lost:
            claims, lost = defaultdict(list), False
            for entry, circle, number in cases:
                case, begins = entry["person"], number * ratio % len(circle)
                places = range(seen, min(seen + width, len(circle)))
                looked = [circle[(begins + step) % len(circle)] for step in places]
                free = [p for p in looked if valid(entry, p) and (replacement or p not in taken)]
                free = [p for p in free if p not in found[case]]
                for person in free[: ratio - len(found[case])]:
                    claims[person].append(case)
            for person, claimants in claims.items():  # they stand in the order of the cases
                granted = claimants if replacement else claimants[:1]
                lost = lost or len(granted) < len(claimants)
                for case in granted:
                    found[case].append(person)
                    pairs.append((case, person))
                    taken.add(person)
        seen, width = seen + width, 2 * width
    return set(pairs)
