"""What matching, strata and weights do on ten persons or fewer, worked by hand."""

import numpy as np
import pandas as pd
import pytest

from studylib.errors import EstimationError
from studylib.risk import propensity


def score_of(rows):
    """A score given, not fitted: (person_id, arm, chance of arm A)."""
    frame = pd.DataFrame(rows, columns=["person_id", "arm", "chance"])
    return propensity.Score(
        persons=frame[["person_id", "arm"]],
        probabilities=pd.DataFrame({"B": 1 - frame["chance"], "A": frame["chance"]}),
        coefficients=pd.DataFrame(),
        log_likelihood=np.nan,
        method="given",
    )


#   score  .20  .40  .48  .50  .60  .66  .80
#   A            3         4         5
#   B       10       11        12         13
SEVEN = [
    (3, "A", 0.40), (4, "A", 0.50), (5, "A", 0.66),
    (10, "B", 0.20), (11, "B", 0.48), (12, "B", 0.60), (13, "B", 0.80),
]  # fmt: skip


def pairs(rows, **choices):
    sets = propensity.match_sets(score_of(rows), **{"scale": "ps", "caliper": None} | choices)
    held = sets[sets["rank"] > 0]
    return {key: group["person_id"].tolist() for key, group in held.groupby("match_set")}


def test_descending_serves_the_highest_score_first():
    # 5 (.66) takes 12 (.06 away); 4 (.50) takes 11 (.02); 3 (.40) is left 10 (.20) or 13 (.40)
    assert pairs(SEVEN, order="descending") == {5: [12], 4: [11], 3: [10]}


def test_ascending_serves_the_lowest_score_first():
    # 3 (.40) takes 11 (.08); 4 (.50) takes 12 (.10); 5 (.66) is left 13 (.14)
    assert pairs(SEVEN, order="ascending") == {3: [11], 4: [12], 5: [13]}


def test_data_order_serves_rows_as_they_come():
    rows = [SEVEN[1], SEVEN[0], SEVEN[2], *SEVEN[3:]]
    # 4 takes 11 (.02); 3 has 10 (.20) and 12 (.20): the same distance, lowest id; 5 takes 12
    exact = [(i, arm, round(chance * 8) / 8) for i, arm, chance in rows]
    assert pairs(rows, order="data")[4] == [11]
    # in eighths: 3 .375, 4 .5, 5 .625 ; 10 .25, 11 .5, 12 .625, 13 .75, so that sums are exact
    assert pairs(exact, order="data") == {4: [11], 3: [10], 5: [12]}


def test_random_order_follows_its_seed_and_not_the_order_of_rows():
    one = pairs(SEVEN, order="random", seed=7)
    assert one == pairs(SEVEN[::-1], order="random", seed=7)
    several = {str(pairs(SEVEN, order="random", seed=seed)) for seed in range(20)}
    assert len(several) > 1


def test_of_two_at_one_distance_the_lowest_id_is_taken_whichever_its_side():
    rows = [(1, "A", 0.5), (8, "B", 0.25), (9, "B", 0.75)]
    assert pairs(rows) == {1: [8]}
    assert pairs([(1, "A", 0.5), (9, "B", 0.25), (8, "B", 0.75)]) == {1: [8]}
    assert pairs([(1, "A", 0.5), (9, "B", 0.25), (6, "B", 0.25), (8, "B", 0.25)]) == {1: [6]}
    both = [(1, "A", 0.5), (2, "A", 0.5), (9, "B", 0.5), (8, "B", 0.5)]
    assert pairs(both) == {1: [8], 2: [9]}  # equal scores choose in the order of their ids


def test_the_caliper_is_within_and_on_its_own_scale():
    rows = [(1, "A", 0.5), (2, "A", 0.75), (8, "B", 0.25), (9, "B", 0.125)]
    assert pairs(rows, caliper=0.25) == {1: [8]}  # .25 away exactly: within
    assert pairs(rows, caliper=0.24) == {}
    # logit(.5) = 0, logit(.25) = -log 3 = -1.0986
    assert pairs(rows, scale="logit", caliper=1.09) == {}
    assert pairs(rows, scale="logit", caliper=1.10) == {1: [8]}
    # logits 0, 1.0986, -1.0986, -1.9459: standard deviation 1.3233 (n - 1), so .8302 apart
    assert pairs(rows, scale="standardised_logit", caliper=0.82, order="ascending") == {}
    assert pairs(rows, scale="standardised_logit", caliper=0.84, order="ascending") == {1: [8]}


def test_ratio_gives_everybody_a_first_match_before_anybody_a_second():
    # first round, descending: 5→12, 4→11, 3→10; second: 5→13; nothing is left for 4 and 3
    assert pairs(SEVEN, ratio=2) == {5: [12, 13], 4: [11], 3: [10]}
    assert pairs(SEVEN, ratio=2, complete=True) == {5: [12, 13]}


def test_with_replacement_each_takes_its_nearest_whoever_has_them():
    assert pairs(SEVEN, replacement=True) == {3: [11], 4: [11], 5: [12]}
    assert pairs(SEVEN, replacement=True, ratio=2)[4] == [11, 12]


def test_exact_columns_are_equal_within_a_set():
    sex = pd.DataFrame({"sex": ["F", "M", "F", "M", "M", "F", "M"]})
    # F: 3 (.40), 5 (.66) and 12 (.60); M: 4 (.50) and 10, 11, 13. 5 takes 12, 3 has nobody left
    assert pairs(SEVEN, exact=sex) == {5: [12], 4: [11]}


def test_sets_and_weights_of_a_variable_ratio():
    score = score_of(SEVEN)
    sets = propensity.match_sets(score, scale="ps", caliper=None, ratio=2)
    assert sets["match_set"].tolist() == [3, 3, 4, 4, 5, 5, 5]
    assert sets["distance"].round(2).fillna(-1).tolist() == [-1, 0.2, -1, 0.02, -1, 0.06, 0.14]
    people = pd.DataFrame(SEVEN, columns=["person_id", "arm", "chance"])
    both = propensity.adjusted(people, score, method="matching", scale="ps", ratio=2, caliper=None)
    # 12 and 13 share the set of 5: one half each
    assert both.people["weight"].tolist() == [1, 1, 1, 1, 1, 0.5, 0.5]
    assert both.people["match_set"].tolist() == [3, 4, 5, 3, 4, 5, 5]
    assert both.model["cluster"] == "match_set"


@pytest.mark.parametrize("seed", range(20))
def test_matching_agrees_with_a_search_of_every_pair(seed):
    draw = np.random.default_rng(seed)
    rows = [(i, "A" if draw.random() < 0.4 else "B", draw.integers(1, 64) / 64) for i in range(60)]
    assert pairs(rows, caliper=0.125, ratio=2) == every_pair(rows, 0.125, 2)


def every_pair(rows, caliper, ratio):
    """The same greedy rule by brute force."""
    waiting = sorted((row for row in rows if row[1] == "A"), key=lambda row: (-row[2], row[0]))
    free = {row[0]: row[2] for row in rows if row[1] == "B"}
    found = {}
    for _ in range(ratio):
        served = []
        for person, arm, value in waiting:
            near = sorted((abs(other - value), one) for one, other in free.items())
            if near and near[0][0] <= caliper:
                found.setdefault(person, []).append(near[0][1])
                del free[near[0][1]]
                served.append((person, arm, value))
        waiting = served
    return found


FOUR = [(1, "A", 0.8), (2, "A", 0.5), (3, "B", 0.5), (4, "B", 0.2)]


@pytest.mark.parametrize(
    ("choices", "expected"),
    [
        # 1/.8, 1/.5, 1/(1-.5), 1/(1-.2)
        ({"method": "iptw", "stabilise": False}, [1.25, 2, 2, 1.25]),
        ({"method": "iptw"}, [0.625, 1, 1, 0.625]),  # times one half
        ({"method": "iptw", "population": "att"}, [1, 1, 1, 0.25]),  # B: .5/.5, .2/.8
        ({"method": "iptw", "population": "att", "target": "B"}, [0.25, 1, 1, 1]),
        ({"method": "overlap"}, [0.2, 0.5, 0.5, 0.2]),
        ({"method": "matching_weights"}, [0.25, 1, 1, 0.25]),
        ({"method": "iptw", "stabilise": False, "truncate": 1.5}, [1.25, 1.5, 1.5, 1.25]),
        ({"method": "none"}, [1, 1, 1, 1]),
    ],
)
def test_weights_by_hand(choices, expected):
    people = pd.DataFrame(FOUR, columns=["person_id", "arm", "chance"])
    found = propensity.adjusted(people, score_of(FOUR), **choices)
    assert found.people["weight"].round(6).tolist() == expected


def test_weights_of_three_arms_by_hand():
    frame = pd.DataFrame({"person_id": [1, 2, 3], "arm": ["A", "B", "C"]})
    chances = pd.DataFrame({"C": [0.25] * 3, "A": [0.25] * 3, "B": [0.5] * 3})
    score = propensity.Score(frame, chances, pd.DataFrame(), np.nan, "given")

    def weights(**choices):
        return propensity.balancing_weights(chances.to_numpy(), score.codes, **choices).tolist()

    assert weights(population="ate") == [4, 2, 4]
    assert weights(population="overlap") == [0.4, 0.2, 0.4]  # 1/(4 + 4 + 2), over each chance
    assert weights(population="matching") == [1, 0.5, 1]
    assert weights(population="att", target=2) == [2, 1, 2]  # .5 over each chance


def test_trimming_keeps_by_the_score():
    people = pd.DataFrame(SEVEN, columns=["person_id", "arm", "chance"])
    kept = {
        rule: propensity.adjusted(
            people, score_of(SEVEN), method="iptw", trim=rule, trim_bound=bound
        )
        .people["person_id"]
        .tolist()
        for rule, bound in (("crump", 0.3), ("quantile", 0.1), ("asymmetric", 0.05))
    }
    assert kept["crump"] == [3, 4, 5, 11, 12]  # .3 to .7
    assert kept["quantile"] == [3, 4, 5, 11, 12]  # quantiles .1 and .9 of the seven: .32 and .716
    # 5 % of A: .40 + .1 x .10 = .41; 95 % of B: .60 + .85 x .20 = .77
    assert kept["asymmetric"] == [4, 5, 11, 12]


def test_strata_by_hand():
    people = pd.DataFrame(SEVEN, columns=["person_id", "arm", "chance"])
    found = propensity.adjusted(people, score_of(SEVEN), method="stratification", strata=2)
    # cut at the median .50, itself in the lower stratum: {3, 4, 10, 11} and {5, 12, 13}
    assert found.people["stratum"].tolist() == [1, 1, 2, 1, 1, 2, 2]
    # stratum over own arm, times 3/7 (A) or 4/7 (B)
    by_hand = [4 / 2 * 3 / 7] * 2 + [3 * 3 / 7] + [4 / 2 * 4 / 7] * 2 + [3 / 2 * 4 / 7] * 2
    assert found.people["weight"].round(9).tolist() == np.round(by_hand, 9).tolist()
    assert found.model == {"adjustment": "stratification", "strata": ("stratum",)}


def test_weights_that_rest_on_one_person_are_refused():
    rows = [(1, "A", 1e-6), *[(i, "A", 0.9) for i in range(2, 9)], (10, "B", 0.5), (11, "B", 0.5)]
    people = pd.DataFrame(rows, columns=["person_id", "arm", "chance"])
    with pytest.raises(EstimationError, match="une seule personne"):
        propensity.adjusted(people, score_of(rows), method="iptw")
    kept = propensity.adjusted(people, score_of(rows), method="iptw", truncate=5)
    assert kept.summary["kept"].tolist() == [2, 8]


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"method": "magic"}, "magic"),
        ({"method": "matching", "order": "random"}, "seed"),
        ({"method": "matching", "caliper": 0.0}, "personne ne reste"),
        ({"method": "matching", "exact": ["sexe"]}, "sexe"),
        ({"method": "iptw", "trim": "crump", "trim_bound": 0.7}, "borne"),
        ({"method": "stratification", "strata": 1}, "deux strates"),
    ],
)
def test_choices_that_cannot_be_are_refused_in_a_sentence(choices, words):
    people = pd.DataFrame(SEVEN, columns=["person_id", "arm", "chance"])
    with pytest.raises(EstimationError, match=words):
        propensity.adjusted(people, score_of(SEVEN), **choices)


def test_matching_and_strata_need_two_arms():
    frame = pd.DataFrame({"person_id": [1, 2, 3], "arm": ["A", "B", "C"]})
    chances = pd.DataFrame({"C": [0.25] * 3, "A": [0.25] * 3, "B": [0.5] * 3})
    score = propensity.Score(frame, chances, pd.DataFrame(), np.nan, "given")
    for method in ("matching", "stratification"):
        with pytest.raises(EstimationError, match="deux groupes attendus"):
            propensity.adjusted(frame, score, method=method)


def test_certain_scores_give_no_warning_and_no_silent_number():
    rows = [
        (1, "A", 1.0),
        (2, "A", 0.5),
        (3, "A", 0.5),
        (4, "B", 0.5),
        (5, "B", 0.5),
        (6, "B", 0.0),
    ]
    people = pd.DataFrame(rows, columns=["person_id", "arm", "chance"])
    kept = propensity.adjusted(people, score_of(rows), method="overlap")
    assert kept.people["weight"].round(6).tolist() == [0, 0.5, 0.5, 0.5, 0.5, 0]
    certain = [(1, "A", 0.0), *rows[1:]]
    with pytest.raises(EstimationError, match="une seule personne"):
        propensity.adjusted(people, score_of(certain), method="iptw")


def test_nobody_to_match_with_is_said():
    rows = [(1, "A", 0.5), (2, "A", 0.6), (3, "B", 0.5), (4, "B", 0.6)]
    people = pd.DataFrame(rows, columns=["person_id", "arm", "chance"]).assign(sex=list("FFMM"))
    with pytest.raises(EstimationError, match="personne ne reste"):
        propensity.adjusted(people, score_of(rows), method="matching", exact=["sex"])
    with pytest.raises(EstimationError, match="valeurs manquantes dans sex"):
        propensity.adjusted(
            people.assign(sex=[None, "F", "M", "M"]), score_of(rows), method="matching",
            exact=["sex"],
        )  # fmt: skip


def test_people_of_another_order_are_refused():
    people = pd.DataFrame(SEVEN, columns=["person_id", "arm", "chance"])
    with pytest.raises(EstimationError, match="pas dans le même ordre"):
        propensity.adjusted(people[::-1], score_of(SEVEN), method="overlap")


def test_follow_up_takes_weights_sets_and_strata():
    people = pd.DataFrame(SEVEN, columns=["person_id", "arm", "chance"])
    matched = propensity.adjusted(
        people, score_of(SEVEN), method="matching", scale="ps", caliper=0.1
    )
    follow_up = people.assign(entry=0, exit=10, event=False)[::-1]
    found = matched.of(follow_up).sort_values("person_id")
    # descending: 5 takes 12 (.06), 4 takes 11 (.02), 3 has nobody within .10
    assert found["person_id"].tolist() == [4, 5, 11, 12]
    assert found["match_set"].tolist() == [4, 5, 4, 5]
    assert found["weight"].tolist() == [1, 1, 1, 1]
