SELECT
    CAST(
        SUM(CASE WHEN costs.service_tier = 'batch' THEN costs.usage ELSE 0 END) AS FLOAT64
    ) / CAST(NULLIF(SUM(costs.usage), 0) AS FLOAT64) AS batch_share
FROM {serving_daily_costs} AS costs
WHERE
    {counts_tokens}
    AND {in_range}
    {picked}
