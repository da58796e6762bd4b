SELECT
    COUNT(DISTINCT CASE WHEN costs.customer_key <> {untagged} THEN costs.customer_key END)
        AS customers,
    CAST(
        SUM(CASE WHEN costs.customer_key <> {untagged} THEN costs.cost ELSE 0 END) AS FLOAT64
    ) / CAST(NULLIF(SUM(costs.cost), 0) AS FLOAT64) AS attributed_share
FROM {serving_daily_costs} AS costs
WHERE
    {in_range}
    {picked}
