SELECT TOP ({limit})
    costs.service AS service,
    costs.sku_description AS sku,
    costs.model AS model,
    costs.token_type AS token_type,
    costs.usage_unit AS unit,
    SUM(CASE WHEN costs.charge_type = 'usage' THEN costs.usage_amount ELSE 0 END) AS usage,
    SUM(costs.cost_usd) AS cost
FROM {costs} AS costs
WHERE
    {in_range}
    {picked}
GROUP BY costs.service, costs.sku_description, costs.model, costs.token_type, costs.usage_unit
ORDER BY cost DESC, service, sku, model, token_type, unit
