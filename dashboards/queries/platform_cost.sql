SELECT
    costs.cloud_provider AS cloud,
    costs.service AS service,
    SUM(costs.cost_usd) AS cost
FROM {serving_platform_costs} AS costs
WHERE
    {in_range}
    AND ('__all' IN ({clouds}) OR costs.cloud_provider IN ({clouds}))
GROUP BY costs.cloud_provider, costs.service
ORDER BY cost DESC, cloud, service
LIMIT 50
