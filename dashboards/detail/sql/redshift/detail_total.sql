SELECT
    COALESCE(SUM(costs.cost_usd), 0) AS cost,
    COALESCE(SUM(costs.gross_cost_usd), 0) AS gross,
    COALESCE(SUM(costs.cost_usd) - SUM(costs.gross_cost_usd), 0) AS credits
FROM {costs} AS costs
WHERE
    {in_range}
    {picked}
