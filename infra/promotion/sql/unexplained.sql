-- Of each bill and statement the last comparison, on every path that it was of, where it leaves
-- dollars that nothing explains. A path that has stopped is in none, whatever it once left.
WITH
    last AS (
        SELECT *
        FROM {reconciliation} AS kept
        WHERE kept.charge_type IS NULL AND kept.cloud_provider IN ({clouds})
        QUALIFY RANK() OVER (
            PARTITION BY
                kept.cloud_provider, kept.scope, kept.billing_period, kept.source, kept.invoice_id
            ORDER BY kept.checked_at DESC
        ) = 1
    )
SELECT
    last.warehouse,
    last.cloud_provider,
    last.scope,
    last.billing_period,
    last.source,
    last.difference_usd
FROM last
WHERE
    last.reason LIKE '%unexplained%'
    AND ABS(last.difference_usd) > {tolerance}
ORDER BY ABS(last.difference_usd) DESC
