WITH used AS (
    SELECT
        costs.service_tier AS tier,
        SUM(costs.cost) AS cost,
        SUM(CASE WHEN costs.charge_type = 'usage' THEN costs.usage ELSE 0 END) AS tokens
    FROM {serving_daily_costs} AS costs
    WHERE
        {consumed}
        AND costs.usage_unit = 'tokens'
        AND {in_range}
        {picked}
    GROUP BY costs.service_tier
),

whole AS (
    SELECT SUM(used.cost) AS cost, SUM(used.tokens) AS tokens FROM used
)

SELECT
    used.tier AS tier,
    used.cost AS cost,
    CAST(used.cost AS FLOAT64) / CAST(NULLIF(whole.cost, 0) AS FLOAT64) AS share,
    used.tokens AS tokens,
    CAST(used.tokens AS FLOAT64) / CAST(NULLIF(whole.tokens, 0) AS FLOAT64) AS token_share
FROM used
CROSS JOIN whole
ORDER BY cost DESC, tier
