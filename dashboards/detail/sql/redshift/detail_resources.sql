SELECT
    COALESCE(costs.resource_id, 'not stated') AS resource,
    costs.service AS service,
    costs.account_id AS account,
    costs.region AS region,
    SUM(costs.cost_usd) AS cost
FROM {costs} AS costs
WHERE
    {in_range}
    {picked}
GROUP BY costs.resource_id, costs.service, costs.account_id, costs.region
ORDER BY cost DESC, resource, service, account, region
LIMIT {limit}
