WITH spent AS (
    SELECT
        costs.model AS model,
        SUM(costs.cost) AS cost,
        SUM(CASE WHEN {counts_tokens} THEN costs.usage ELSE 0 END) AS tokens,
        COUNT(DISTINCT costs.cloud_provider) AS clouds,
        COUNT(
            DISTINCT CASE WHEN costs.customer_key <> {untagged} THEN costs.customer_key END
        ) AS customers
    FROM {serving_daily_costs} AS costs
    WHERE
        {in_range}
        {picked}
    GROUP BY costs.model
),

whole AS (
    SELECT SUM(spent.cost) AS cost FROM spent
)

SELECT
    spent.model AS model,
    spent.cost AS cost,
    CAST(spent.cost AS FLOAT64) / CAST(NULLIF(whole.cost, 0) AS FLOAT64) AS share,
    spent.tokens AS tokens,
    spent.clouds AS clouds,
    spent.customers AS customers
FROM spent
CROSS JOIN whole
ORDER BY cost DESC, model
LIMIT {limit}
