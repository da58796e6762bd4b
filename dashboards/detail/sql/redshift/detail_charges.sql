SELECT
    costs.charge_type AS charge,
    COALESCE(costs.billing_entity, 'not stated') AS billed_by,
    SUM(costs.gross_cost_usd) AS gross,
    SUM(costs.cost_usd) - SUM(costs.gross_cost_usd) AS credits,
    SUM(costs.cost_usd) AS cost
FROM {costs} AS costs
WHERE
    {in_range}
    {picked}
GROUP BY costs.charge_type, costs.billing_entity
ORDER BY cost DESC, charge, billed_by
