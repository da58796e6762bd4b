WITH spent AS (
    SELECT
        costs.customer_key AS customer_key,
        SUM(CASE WHEN costs.cloud_provider = 'AWS' THEN costs.cost END) AS aws,
        SUM(CASE WHEN costs.cloud_provider = 'Azure' THEN costs.cost END) AS azure,
        SUM(CASE WHEN costs.cloud_provider = 'GCP' THEN costs.cost END) AS gcp,
        SUM(costs.cost) AS cost
    FROM {serving_daily_costs} AS costs
    WHERE
        {in_range}
        {picked}
    GROUP BY costs.customer_key
)

SELECT
    COALESCE(names.name, spent.customer_key) AS customer,
    spent.aws AS aws,
    spent.azure AS azure,
    spent.gcp AS gcp,
    spent.customer_key AS customer_key
FROM spent
LEFT JOIN {customer_names} AS names
    ON names.key = spent.customer_key
ORDER BY spent.cost DESC, spent.customer_key
LIMIT 10
