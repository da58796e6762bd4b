SELECT SUM(costs.cost_usd) AS {name}
FROM {costs} AS costs
WHERE
    {in_range}
    {picked}
