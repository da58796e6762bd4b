-- The newest comparison of each document, or of the month where there is none; two where a bill is on
-- two paths. A row without a charge type is the whole of it.
WITH compared AS (
    SELECT
        checked.cloud_provider AS cloud_provider,
        checked.scope AS scope,
        checked.billing_period AS billing_period,
        checked.source AS source,
        checked.invoice_id AS invoice_id,
        checked.billing_currency AS billing_currency,
        checked.stated AS stated,
        checked.loaded AS loaded,
        checked.difference AS difference,
        checked.difference_usd AS difference_usd,
        checked.reason AS reason
    FROM {reconciliation} AS checked
    WHERE
        checked.charge_type IS NULL
        AND checked.billing_period >= DATE_SUB({since}, INTERVAL 2 MONTH)
        AND checked.billing_period <= {until}
        AND ('__all' IN ({clouds}) OR checked.cloud_provider IN ({clouds}))
    QUALIFY
        RANK() OVER (
            PARTITION BY
                checked.cloud_provider,
                checked.scope,
                checked.billing_period,
                checked.source,
                checked.invoice_id
            ORDER BY checked.checked_at DESC
        ) = 1
)

SELECT
    compared.cloud_provider AS cloud,
    compared.scope AS scope,
    SUBSTR(CAST(compared.billing_period AS STRING), 1, 7) AS month,
    compared.source AS source,
    COALESCE(compared.invoice_id, '') AS document,
    compared.billing_currency AS currency,
    compared.stated AS stated,
    compared.loaded AS loaded,
    compared.difference AS difference,
    compared.difference_usd AS difference_usd,
    COALESCE(compared.reason, '') AS reason
FROM compared
ORDER BY ABS(compared.difference_usd) DESC, cloud, scope, month, source, document
LIMIT 50
