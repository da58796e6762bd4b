-- The week that ends with the newest complete day of the chosen time; the eight models that cost
-- most in it, and the others together.
WITH spent AS (
    SELECT
        costs.date AS date,
        costs.model AS model,
        CASE WHEN costs.date > loads.data_through THEN 1 ELSE 0 END AS is_incomplete,
        costs.cost AS cost
    FROM {serving_daily_costs} AS costs
    INNER JOIN {clouds_loaded} AS loads
        ON loads.cloud_provider = costs.cloud_provider
    CROSS JOIN (SELECT MAX(known.last_day) AS last_day FROM {this_month} AS known) AS newest
    WHERE
        {consumed}
        AND costs.date > DATE_SUB(newest.last_day, INTERVAL 7 DAY)
        AND costs.date <= newest.last_day
        AND costs.billing_period >= DATE_SUB({until}, INTERVAL 4 MONTH)
        AND costs.billing_period <= {until} + 31
        {picked}
),

ranked AS (
    SELECT
        totals.model AS model,
        ROW_NUMBER() OVER (ORDER BY totals.cost DESC, totals.model) AS place
    FROM (
        SELECT spent.model AS model, SUM(spent.cost) AS cost
        FROM spent
        GROUP BY spent.model
    ) AS totals
),

named AS (
    SELECT
        spent.date AS date,
        CASE
            WHEN spent.is_incomplete = 1 THEN 'not complete yet'
            WHEN ranked.place <= 8 THEN spent.model
            ELSE 'all others'
        END AS model,
        CASE WHEN spent.is_incomplete = 0 AND ranked.place <= 8 THEN spent.model ELSE '' END AS key,
        spent.cost AS cost
    FROM spent
    INNER JOIN ranked
        ON ranked.model = spent.model
)

SELECT
    TIMESTAMP_SECONDS(UNIX_DATE(named.date) * 86400) AS time,
    COALESCE(colours.colour, '') AS colour,
    named.model AS model,
    SUM(named.cost) AS cost
FROM named
LEFT JOIN {colours} AS colours
    ON colours.dimension = 'model'
    AND colours.key = named.key
GROUP BY named.date, named.model, colours.colour
ORDER BY time, model
