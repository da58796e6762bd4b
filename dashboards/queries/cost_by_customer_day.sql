-- The eight customers that cost most in the chosen time, and the others together. Places are added
-- up rather than names: of every customer and day there is a row, of places there are ten.
WITH ranked AS (
    SELECT
        costs.customer_key AS customer_key,
        LEAST(ROW_NUMBER() OVER (ORDER BY SUM(costs.cost) DESC, costs.customer_key), 9) AS place
    FROM {serving_daily_costs} AS costs
    WHERE
        {consumed}
        AND {in_range}
        {picked}
    GROUP BY costs.customer_key
),

placed AS (
    SELECT
        costs.date AS date,
        CASE
            WHEN costs.date > COALESCE(loads.data_through, DATE '1970-01-01') THEN 0
            ELSE ranked.place
        END AS place,
        costs.cost AS cost
    FROM {serving_daily_costs} AS costs
    INNER JOIN ranked
        ON ranked.customer_key = costs.customer_key
    LEFT JOIN {clouds_loaded} AS loads
        ON loads.cloud_provider = costs.cloud_provider
    WHERE
        {consumed}
        AND {in_range}
        {picked}
),

spent AS (
    SELECT
        placed.date AS date,
        placed.place AS place,
        SUM(placed.cost) AS cost
    FROM placed
    GROUP BY placed.date, placed.place
)

SELECT
    TIMESTAMP_SECONDS(UNIX_DATE(spent.date) * 86400) AS time,
    COALESCE(colours.colour, '') AS colour,
    CASE spent.place
        WHEN 0 THEN 'not complete yet'
        WHEN 9 THEN 'all others'
        ELSE COALESCE(names.name, ranked.customer_key)
    END AS customer,
    COALESCE(ranked.customer_key, '') AS customer_key,
    spent.cost AS cost
FROM spent
LEFT JOIN ranked
    ON ranked.place = spent.place AND spent.place <= 8
LEFT JOIN {customer_names} AS names
    ON names.key = ranked.customer_key
LEFT JOIN {colours} AS colours
    ON colours.dimension = 'customer'
    AND colours.key = ranked.customer_key
ORDER BY time, customer
