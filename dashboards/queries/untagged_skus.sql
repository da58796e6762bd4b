SELECT
    costs.cloud_provider AS cloud,
    costs.account_id AS account,
    costs.service AS service,
    costs.sku_description AS sku,
    costs.charge_type AS charge,
    SUM(costs.cost) AS cost
FROM {serving_unnamed_costs} AS costs
WHERE
    costs.customer_key = {untagged}
    AND {in_range}
    {picked}
GROUP BY
    costs.cloud_provider,
    costs.account_id,
    costs.service,
    costs.sku_description,
    costs.charge_type
ORDER BY cost DESC, cloud, account, service, sku, charge
LIMIT 50
