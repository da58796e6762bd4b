-- The eight services that cost most in the chosen time, and the others together.
WITH ranked AS (
    SELECT
        costs.service AS service,
        ROW_NUMBER() OVER (ORDER BY SUM(costs.cost_usd) DESC, costs.service) AS place
    FROM {costs} AS costs
    WHERE
        {consumed}
        AND {in_range}
        {picked}
    GROUP BY costs.service
),

placed AS (
    SELECT
        costs.date AS date,
        CASE
            WHEN costs.date > loads.grey_after THEN 'not complete yet'
            WHEN ranked.place > 8 THEN 'all others'
            ELSE costs.service
        END AS service,
        costs.cost_usd AS cost
    FROM {costs} AS costs
    INNER JOIN ranked
        ON ranked.service = costs.service
    CROSS JOIN {complete} AS loads
    WHERE
        {consumed}
        AND {in_range}
        {picked}
)

SELECT
    TIMESTAMP_SECONDS(UNIX_DATE(placed.date) * 86400) AS time,
    placed.service AS service,
    SUM(placed.cost) AS cost
FROM placed
GROUP BY placed.date, placed.service
ORDER BY time, service
