SELECT
    CAST(costs.date AS STRING) AS date,
    costs.charge_type AS charge,
    costs.service AS service,
    costs.sku_description AS sku,
    costs.model AS model,
    costs.customer_id AS customer,
    costs.project_id AS project,
    COALESCE(costs.resource_id, 'not stated') AS resource,
    costs.usage_unit AS unit,
    SUM(costs.usage_amount) AS usage,
    SUM(costs.cost_usd) AS cost,
    COALESCE(costs.rule_id, 'no rule') AS rule_id,
    costs.customer_key AS customer_key
FROM {costs} AS costs
WHERE
    {in_range}
    {picked}
GROUP BY
    costs.date,
    costs.charge_type,
    costs.service,
    costs.sku_description,
    costs.model,
    costs.customer_id,
    costs.customer_key,
    costs.project_id,
    costs.resource_id,
    costs.usage_unit,
    costs.rule_id
ORDER BY cost DESC, date, charge, service, sku, model, customer, project, resource, unit, rule_id
LIMIT {limit}
