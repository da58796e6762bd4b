-- What the platform itself cost, by its label: the months from @first on.
SELECT
    FORMAT_DATE('%Y-%m', billing_period) AS month,
    cloud_provider,
    service,
    CAST(SUM(cost_usd) AS STRING) AS cost_usd
FROM serving_platform_costs
WHERE billing_period >= PARSE_DATE('%F', @first)
GROUP BY month, cloud_provider, service
ORDER BY month, cloud_provider, service
