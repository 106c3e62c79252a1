"""A comparator without treatment, for want of another drug given in the same situation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import narwhals as nw

from studylib.cohort.circle import PRIME, with_draw
from studylib.cohort.matching import matched
from studylib.cohort.people import Cohort
from studylib.cohort.supply import supply_of
from studylib.errors import EstimationError, StudyError

SET_ASIDE = "set_aside"
LARGEST_SHARE = 0.5
"""Of the persons set aside: more would leave fewer users than possible comparators."""


def with_non_users(
    users: Cohort,
    *,
    arm: str,
    per_user: int = 2,
    drawn_share: float = 0.2,
    on: Sequence[str] = ("sex", "region"),
    birth_band_years: int | None = 5,
    history_days: int = 0,
    seed: int = 0,
) -> Cohort:
    """The users and, as the arm ``arm``, persons without any of their treatments, once each.

    Before anything is known of them, a ``drawn_share`` of the source's persons is set aside by
    ``seed`` as possible non-users: those of them who become users are not users here. What this
    loses is drawn at random. The usual choices lose more: taking those who never start looks into
    the future, and letting a person be both counts it twice. Each user is then given up to
    ``per_user`` of them, by ``matched``: alike on ``on`` and the band of birth years, observed for
    ``history_days``, alive, and without a dispensing of any arm up to and on the user's index day,
    which becomes theirs. Once they start, an on-treatment follow-up ends as by a switch.

    The key is the person. Lines of the flow chart: ``set_aside``, ``matched`` (users kept) and
    ``comparators``. Nothing of the comparison's bias is removed by this: those who are treated
    have a reason to be (confounding by indication), see a doctor (detection) and live long enough
    to start; see Lund, Richardson and Stürmer (2015) on why an active comparator is preferred.

    EstimationError when nobody set aside is alike; StudyError for users who enter several times, a
    share not between 0 and 0.5, a name that an arm has, and what ``matched`` refuses.
    """
    if not 0 < drawn_share <= LARGEST_SHARE:
        raise StudyError(
            f"Groupe sans traitement : part {drawn_share} de personnes mises de côté ; une part "
            f"au-dessus de 0 et jusqu'à {LARGEST_SHARE} est attendue."
        )
    source = users.source
    draws = with_draw(source.table("persons").select("person_id"), seed)
    aside = draws.filter(nw.col("drawn") < int(drawn_share * PRIME)).select("person_id")
    pool = source.engine.checkpoint(aside, SET_ASIDE)
    others = users.people.join(pool, on="person_id", how="anti")
    both = matched(
        users.restricted(SET_ASIDE, others),
        on=on,
        birth_band_years=birth_band_years,
        ratio=per_user,
        history_days=history_days,
        exposed_from=supply_of(users),
        pool=pool,
        seed=seed + 1,
        arm=arm,
    )
    if users.persons and not both.persons:
        raise EstimationError(
            f"Groupe sans traitement : personne, dans la part {drawn_share} de la population mise "
            "de côté, ne ressemble à une personne traitée le jour de son inclusion ; augmenter "
            "cette part, élargir les tranches d'années de naissance, ou exiger moins d'historique."
        )
    # Users and possible non-users have nobody in common, and comparators serve once.
    return replace(both, key=("person_id",)).with_people(both.people.drop("match_set"))
