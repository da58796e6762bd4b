SELECT
    CASE WHEN costs.rule_id IS NULL THEN 'no rule names it' ELSE 'the bill does not say' END
        AS reason,
    costs.cloud_provider AS cloud,
    costs.service AS service,
    costs.sku_description AS sku,
    SUM(costs.cost) AS cost
FROM {serving_unnamed_costs} AS costs
WHERE
    (costs.rule_id IS NULL OR costs.model = {unknown})
    AND {in_range}
    {picked}
GROUP BY
    costs.rule_id,
    costs.cloud_provider,
    costs.service,
    costs.sku_description
ORDER BY cost DESC, cloud, service, sku
LIMIT 50
