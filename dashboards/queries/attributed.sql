WITH spent AS (
    SELECT costs.customer_key AS customer_key, SUM(costs.cost) AS cost
    FROM {serving_daily_costs} AS costs
    WHERE
        {in_range}
        {picked}
    GROUP BY costs.customer_key
)

SELECT
    COALESCE(SUM(CASE WHEN spent.customer_key <> {untagged} THEN 1 ELSE 0 END), 0) AS customers,
    CAST(
        SUM(CASE WHEN spent.customer_key <> {untagged} THEN spent.cost ELSE 0 END) AS FLOAT64
    ) / CAST(NULLIF(SUM(spent.cost), 0) AS FLOAT64) AS attributed_share
FROM spent
