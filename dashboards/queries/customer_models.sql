WITH spent AS (
    SELECT
        costs.customer_key AS customer_key,
        costs.model AS model,
        SUM(costs.cost) AS cost,
        SUM(CASE WHEN {counts_tokens} THEN costs.usage ELSE 0 END) AS tokens
    FROM {serving_daily_costs} AS costs
    WHERE
        {in_range}
        {picked}
    GROUP BY costs.customer_key, costs.model
)

SELECT
    COALESCE(names.name, spent.customer_key) AS customer,
    spent.model AS model,
    spent.cost AS cost,
    spent.tokens AS tokens,
    spent.customer_key AS customer_key
FROM spent
LEFT JOIN {customer_names} AS names
    ON names.key = spent.customer_key
ORDER BY spent.cost DESC, spent.customer_key, model
LIMIT 50
