WITH parts AS (
    SELECT
        kept.cloud_provider AS cloud_provider,
        kept.scope AS scope,
        kept.billing_period AS billing_period,
        kept.checked_at AS checked_at,
        COUNT(kept.model) AS differences
    FROM {parity} AS kept
    WHERE kept.model IS NOT NULL
    GROUP BY kept.cloud_provider, kept.scope, kept.billing_period, kept.checked_at
)

SELECT
    bills.cloud_provider AS cloud,
    SUBSTR(CAST(bills.billing_period AS STRING), 1, 7) AS month,
    bills.scope AS scope,
    bills.state AS state,
    COALESCE(parts.differences, 0) AS differences,
    bills.hub_cost AS hub_cost,
    bills.native_cost AS native_cost,
    bills.path_difference AS path_difference,
    bills.checked_at AS last_compared
FROM {compared_bills} AS bills
LEFT JOIN parts
    ON parts.cloud_provider = bills.cloud_provider
    AND parts.scope = bills.scope
    AND parts.billing_period = bills.billing_period
    AND parts.checked_at = bills.checked_at
WHERE ('__all' IN ({clouds}) OR bills.cloud_provider IN ({clouds}))
ORDER BY
    CASE bills.state WHEN 'different' THEN 0 WHEN 'equal' THEN 2 ELSE 1 END,
    month DESC,
    cloud,
    scope
LIMIT 500
