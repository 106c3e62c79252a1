"""Who is counted each year, when the frequency of an event is watched for a change of coding."""

from datetime import date

from studylib import cohort, risk


def test_persons_are_counted_in_the_whole_years_they_are_observed(draw_source, bleeding):
    # 1 bleeds twice in 2021 and once in 2022; 2 bleeds after he is no longer observed; 3 is only
    # seen from 2022 on, and bleeds on 31 December 2022.
    source = draw_source(
        "person_id | arm | start | days\n1 | AVK | 2021-03-01 | 30",
        """
        person_id | start      | end
        1         | 2021-02-01 | 2021-02-02
        1         | 2021-05-01 | 2021-05-02
        1         | 2022-05-01 | 2022-05-02
        2         | 2022-06-01 | 2022-06-02
        3         | 2022-12-31 | 2023-01-02
        3         | 2023-01-01 | 2023-01-02
        """,
        observation="""
        person_id | start      | end
        1         | 2020-01-01 | 2023-12-31
        2         | 2020-01-01 | 2022-01-01
        3         | 2022-01-01 | 2023-12-31
        """,
    )
    table = cohort.prevalence_by_year(source, bleeding, positions=["DP"])
    rows = table.set_index("year").T.to_dict("list")
    assert rows == {2020: [0, 2], 2021: [1, 2], 2022: [2, 2]}  # the last year is not whole
    period = (date(2021, 6, 1), date(2022, 1, 1))
    near = cohort.prevalence_by_year(source, bleeding, period=period)
    assert near["year"].tolist() == [2021, 2022]
    none = cohort.prevalence_by_year(source, bleeding, period=(date(2030, 1, 1), date(2031, 1, 1)))
    assert none.empty
    assert not risk.check_prevalence_drift(none).evaluated
