-- The eight customers that cost most in the chosen time, and the others together.
WITH spent AS (
    SELECT
        costs.date AS date,
        costs.customer_key AS customer_key,
        CASE WHEN costs.date > COALESCE(loads.data_through, DATE '1970-01-01') THEN 1 ELSE 0 END
            AS is_incomplete,
        costs.cost AS cost
    FROM {serving_daily_costs} AS costs
    LEFT JOIN {clouds_loaded} AS loads
        ON loads.cloud_provider = costs.cloud_provider
    WHERE
        {consumed}
        AND {in_range}
        {picked}
),

ranked AS (
    SELECT
        totals.customer_key AS customer_key,
        COALESCE(names.name, totals.customer_key) AS name,
        ROW_NUMBER() OVER (ORDER BY totals.cost DESC, totals.customer_key) AS place
    FROM (
        SELECT spent.customer_key AS customer_key, SUM(spent.cost) AS cost
        FROM spent
        GROUP BY spent.customer_key
    ) AS totals
    LEFT JOIN {customer_names} AS names
        ON names.key = totals.customer_key
),

named AS (
    SELECT
        spent.date AS date,
        CASE
            WHEN spent.is_incomplete = 1 THEN 'not complete yet'
            WHEN ranked.place <= 8 THEN ranked.name
            ELSE 'all others'
        END AS customer,
        spent.cost AS cost
    FROM spent
    INNER JOIN ranked
        ON ranked.customer_key = spent.customer_key
)

SELECT
    TIMESTAMP_SECONDS(UNIX_DATE(named.date) * 86400) AS time,
    named.customer AS customer,
    SUM(named.cost) AS cost
FROM named
GROUP BY named.date, named.customer
ORDER BY time, customer
