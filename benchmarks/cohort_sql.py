"""The same cohort in hand-written DuckDB SQL, one statement per step as a careful user would."""

import sys

import duckdb

from benchmarks.measured import told
from benchmarks.outcome import CONDITIONS, digest
from studylib import codes

FIRST, LAST, END = 18993, 19722, 20088  # 2022-01-01, 2023-12-31, 2024-12-31
folder = sys.argv[1]


def any_of(column: str, name: str) -> str:
    codelist = codes.codelist(name)
    tests = [f"starts_with({column}, '{prefix}')" for prefix in codelist.prefixes]
    tests += [f"{column} = '{code}'" for code in codelist.full_codes]
    return "(" + " OR ".join(tests) + ")"


con = duckdb.connect(config={"preserve_insertion_order": "false"})
con.execute(f"""
CREATE TEMP TABLE drug AS
    SELECT person_id, arm, start, greatest(1, sum("end" - start))::BIGINT AS days FROM (
        SELECT person_id, start, "end",
            CASE WHEN {any_of("atc", "avk")} THEN 'AVK' ELSE 'AOD' END AS arm
        FROM '{folder}/dispensings/*.parquet'
        WHERE {any_of("atc", "avk")} OR {any_of("atc", "aod")})
    GROUP BY ALL;
CREATE TEMP TABLE bleeding AS
    SELECT person_id, start, "end" FROM '{folder}/diagnoses/*.parquet'
    WHERE position = 'DP' AND {any_of("code", "major_bleeding")};
CREATE TEMP TABLE users AS
WITH daily AS (SELECT person_id, start, min(arm) AS arm, count(*) AS arms FROM drug GROUP BY ALL),
ordered AS (SELECT *, lag(start) OVER (PARTITION BY person_id ORDER BY start) AS previous
            FROM daily),
entries AS (SELECT person_id, min(start) AS start, arg_min(arm, start) AS arm,
                arg_min(arms, start) AS arms
            FROM ordered WHERE start BETWEEN {FIRST} AND {LAST}
                AND (previous IS NULL OR start - previous > 365) GROUP BY person_id)
SELECT e.person_id, e.arm, e.start AS day0, p.death_date, o."end" AS seen_to
FROM entries AS e JOIN '{folder}/persons/*.parquet' AS p USING (person_id)
JOIN '{folder}/observation/*.parquet' AS o USING (person_id)
WHERE e.arms = 1 AND o.start <= e.start AND o."end" > e.start AND e.start - o.start >= 365
    AND date_sub('year', DATE '1970-01-01' + p.birth_date::INT,
        DATE '1970-01-01' + e.start::INT) >= 18
    AND NOT EXISTS (SELECT 1 FROM bleeding AS b WHERE b.person_id = e.person_id
                    AND b.start < e.start AND b."end" > e.start - 365);
CREATE TEMP TABLE episodes AS
WITH summed AS (SELECT *, sum(days) OVER w AS total FROM drug SEMI JOIN users USING (person_id)
                WINDOW w AS (PARTITION BY person_id, arm ORDER BY start)),
stocked AS (SELECT *, total + max(start - total + days) OVER w AS until FROM summed
            WINDOW w AS (PARTITION BY person_id, arm ORDER BY start)),
broken AS (SELECT *, CASE WHEN start - lag(until) OVER w > 30 THEN 1 ELSE 0 END AS break
           FROM stocked WINDOW w AS (PARTITION BY person_id, arm ORDER BY start)),
numbered AS (SELECT *, sum(break) OVER w AS number FROM broken
             WINDOW w AS (PARTITION BY person_id, arm ORDER BY start))
SELECT person_id, arm, min(start) AS start, max(until)::BIGINT AS until FROM numbered
GROUP BY person_id, arm, number;
""")
con.execute(f"""
CREATE TEMP TABLE scores AS
    SELECT u.person_id, count(DISTINCT c.prefix) AS score
    FROM '{folder}/diagnoses/*.parquet' AS d
    JOIN users AS u USING (person_id)
    JOIN (SELECT unnest({list(CONDITIONS)}) AS prefix) AS c ON starts_with(d.code, c.prefix)
    WHERE d.start < u.day0 AND d."end" > u.day0 - 365
    GROUP BY u.person_id;
CREATE TEMP TABLE before AS
    SELECT u.person_id, count(DISTINCT d.atc) AS drugs, sum(d.cost) AS spent
    FROM '{folder}/dispensings/*.parquet' AS d JOIN users AS u USING (person_id)
    WHERE d.start >= u.day0 - 365 AND d.start < u.day0
    GROUP BY u.person_id;
""")
result = con.execute(f"""
WITH cuts AS (
    SELECT u.*, u.death_date + 1 AS death,
        (SELECT max(until) FROM episodes AS e WHERE e.person_id = u.person_id AND e.arm = u.arm
            AND e.start <= u.day0 AND e.until > u.day0) AS stop,
        (SELECT min(start) + 1 FROM drug AS d WHERE d.person_id = u.person_id AND d.arm <> u.arm
            AND d.start > u.day0) AS switch,
        (SELECT min(start) FROM bleeding AS b WHERE b.person_id = u.person_id
            AND b.start >= u.day0) AS outcome,
        least(u.day0 + 365, {END + 1}) AS horizon,
        coalesce(s.score, 0) AS score, coalesce(f.drugs, 0) AS drugs, coalesce(f.spent, 0) AS spent
    FROM users AS u LEFT JOIN scores AS s USING (person_id)
        LEFT JOIN before AS f USING (person_id)),
closed AS (SELECT *, least(death, stop, switch, seen_to, horizon) AS cut FROM cuts)
SELECT person_id, arm, day0 AS entry, coalesce(outcome < cut, FALSE) AS event, score, drugs, spent,
    CASE WHEN outcome < cut THEN outcome + 1 ELSE cut END AS exit,
    CASE WHEN outcome < cut THEN 'outcome' WHEN death = cut THEN 'death'
        WHEN switch = cut THEN 'switch' WHEN stop = cut THEN 'discontinuation'
        WHEN seen_to = cut THEN 'end_of_observation' ELSE 'end_of_follow_up' END AS exit_reason
FROM closed ORDER BY person_id""").df()
told(digest(result))
