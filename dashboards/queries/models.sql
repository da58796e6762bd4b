WITH parts AS (
    SELECT
        costs.model AS model,
        costs.cloud_provider AS cloud_provider,
        costs.customer_key AS customer_key,
        SUM(costs.cost) AS cost,
        SUM(CASE WHEN {counts_tokens} THEN costs.usage ELSE 0 END) AS tokens
    FROM {serving_daily_costs} AS costs
    WHERE
        {in_range}
        {picked}
    GROUP BY costs.model, costs.cloud_provider, costs.customer_key
),

spent AS (
    SELECT
        parts.model AS model,
        SUM(parts.cost) AS cost,
        SUM(parts.tokens) AS tokens,
        COUNT(DISTINCT parts.cloud_provider) AS clouds,
        COUNT(
            DISTINCT CASE WHEN parts.customer_key <> {untagged} THEN parts.customer_key END
        ) AS customers
    FROM parts
    GROUP BY parts.model
)

SELECT
    spent.model AS model,
    spent.cost AS cost,
    CAST(spent.cost AS FLOAT64) / NULLIF(SUM(CAST(spent.cost AS FLOAT64)) OVER (), 0) AS share,
    spent.tokens AS tokens,
    spent.clouds AS clouds,
    spent.customers AS customers
FROM spent
ORDER BY cost DESC, model
LIMIT {limit}
