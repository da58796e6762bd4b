SELECT
    costs.account_id AS account,
    costs.project_id AS project,
    costs.customer_id AS customer,
    SUM(costs.cost_usd) AS cost,
    costs.customer_key AS customer_key
FROM {costs} AS costs
WHERE
    {in_range}
    {picked}
GROUP BY costs.account_id, costs.project_id, costs.customer_id, costs.customer_key
ORDER BY cost DESC, account, project, customer
LIMIT {limit}
