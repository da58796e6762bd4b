SELECT COALESCE(SUM(costs.cost), 0) AS cost
FROM {serving_daily_costs} AS costs
WHERE
    {in_range}
    {picked}
