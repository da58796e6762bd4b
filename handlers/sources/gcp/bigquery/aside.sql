-- Telling the rows of a bill that can't be understood from the others, each a table of its own.

-- statement: numbered
-- The bill's rows as Google wrote them, each with a name: an export's rows have none.
SELECT *, GENERATE_UUID() AS row_id
FROM {export}

-- statement: faulty
-- The rows with a fault, and what those of them cost whose amount can be read.
SELECT row_id, fault, cost
FROM (
    SELECT
        row_id,
        cost,
        CASE
            WHEN {candidate} THEN {fault}
            WHEN usage_date IS NULL THEN 'usage_start_time'
            WHEN cost IS NULL THEN 'cost'
        END AS fault
    FROM ({lines})
)
WHERE fault IS NOT NULL

-- statement: understood
-- All others.
SELECT numbered.* EXCEPT (row_id)
FROM {numbered} AS numbered
LEFT JOIN {faulty} AS faulty ON faulty.row_id = numbered.row_id
WHERE faulty.row_id IS NULL
