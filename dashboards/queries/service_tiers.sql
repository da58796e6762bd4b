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
)

SELECT
    used.tier AS tier,
    used.cost AS cost,
    CAST(used.cost AS FLOAT64) / NULLIF(SUM(CAST(used.cost AS FLOAT64)) OVER (), 0) AS share,
    used.tokens AS tokens,
    CAST(used.tokens AS FLOAT64) / NULLIF(SUM(CAST(used.tokens AS FLOAT64)) OVER (), 0)
        AS token_share
FROM used
ORDER BY cost DESC, tier
