-- The rows that can't be understood, as Google wrote them, each with the column at fault, what it
-- costs where that can be read, and what a reader adds up of it who looks at its amounts alone.
SELECT
    TO_JSON_STRING((SELECT AS STRUCT numbered.* EXCEPT (row_id))) AS line,
    faulty.fault,
    faulty.cost,
    COALESCE(amount(numbered.cost), 0) + COALESCE(
        (SELECT SUM(amount(credit.amount)) FROM UNNEST(numbered.credits) AS credit),
        0
    ) AS readable
FROM {numbered} AS numbered
JOIN {faulty} AS faulty ON faulty.row_id = numbered.row_id
ORDER BY line
