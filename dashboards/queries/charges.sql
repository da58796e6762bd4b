-- Credits stand in lines of their own (AWS) or inside the lines of usage (Google): both are what was
-- charged before credits less what is paid.
SELECT
    costs.charge_type AS charge,
    SUM(costs.gross) AS gross,
    SUM(costs.cost) - SUM(costs.gross) AS credits,
    SUM(costs.cost) AS cost
FROM {serving_daily_costs} AS costs
WHERE
    {in_range}
    {picked}
GROUP BY costs.charge_type
ORDER BY cost DESC, charge
