SELECT
    costs.cloud_provider AS cloud,
    SUBSTR(CAST(costs.billing_period AS STRING), 1, 7) AS month,
    costs.scope AS scope,
    costs.model AS model,
    costs.token_type AS token_type,
    COALESCE(names.name, costs.customer_key) AS customer,
    costs.hub_rows AS hub_rows,
    costs.native_rows AS native_rows,
    costs.hub_usage AS hub_usage,
    costs.native_usage AS native_usage,
    costs.hub_cost_usd AS hub_cost,
    costs.native_cost_usd AS native_cost,
    COALESCE(costs.native_cost_usd, 0) - COALESCE(costs.hub_cost_usd, 0) AS path_difference,
    COALESCE(costs.native_gross_usd, 0) - COALESCE(costs.hub_gross_usd, 0) AS gross_difference,
    costs.customer_key AS customer_key
FROM {parity} AS costs
INNER JOIN {compared_bills} AS bills
    ON bills.cloud_provider = costs.cloud_provider
    AND bills.scope = costs.scope
    AND bills.billing_period = costs.billing_period
    AND bills.checked_at = costs.checked_at
LEFT JOIN {customer_names} AS names
    ON names.key = costs.customer_key
WHERE
    costs.model IS NOT NULL
    {picked}
ORDER BY
    ABS(COALESCE(costs.native_cost_usd, 0) - COALESCE(costs.hub_cost_usd, 0)) DESC,
    cloud,
    month,
    scope,
    model,
    token_type,
    costs.customer_key
LIMIT 200
