SELECT
    COALESCE(SUM(CASE WHEN costs.customer_key = {untagged} THEN costs.cost END), 0)
        AS untagged_cost,
    COALESCE(SUM(CASE WHEN costs.model = {unknown} THEN costs.cost END), 0) AS unnamed_cost
FROM {serving_daily_costs} AS costs
WHERE
    {in_range}
    {picked}
