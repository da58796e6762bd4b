-- Dollars between what a cloud or an invoice states and what was loaded: of each bill the last
-- comparison, on both paths where it has two, the largest that nothing explains. Zero below a
-- thousandth of what is stated, and where a cloud has no difference.
WITH compared AS (
    SELECT
        checked.cloud_provider AS cloud_provider,
        checked.scope AS scope,
        checked.billing_period AS billing_period,
        COALESCE(checked.invoice_id, checked.source) AS document,
        checked.stated AS stated,
        checked.difference AS difference,
        checked.difference_usd AS difference_usd,
        checked.reason AS reason
    FROM {reconciliation} AS checked
    WHERE
        checked.charge_type IS NULL
        AND checked.billing_period >= DATE_SUB(CAST({now} AS DATE), INTERVAL 4 MONTH)
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
),

unexplained AS (
    SELECT
        compared.cloud_provider AS cloud_provider,
        compared.scope AS scope,
        compared.billing_period AS billing_period,
        compared.document AS document,
        CAST(ABS(compared.difference_usd) AS FLOAT64) AS usd
    FROM compared
    WHERE
        (compared.reason IS NULL OR compared.reason LIKE '%unexplained%')
        AND compared.difference_usd <> 0
        AND (
            compared.stated IS NULL OR 1000 * ABS(compared.difference) >= ABS(compared.stated)
        )
    QUALIFY
        ROW_NUMBER() OVER (
            PARTITION BY compared.cloud_provider, compared.scope, compared.billing_period
            ORDER BY ABS(compared.difference_usd) DESC, compared.document
        ) = 1
)

SELECT
    {now} AS time,
    expected.cloud_provider AS cloud,
    COALESCE(unexplained.scope, '') AS scope,
    COALESCE(SUBSTR(CAST(unexplained.billing_period AS STRING), 1, 7), '') AS month,
    COALESCE(unexplained.document, '') AS document,
    COALESCE(unexplained.usd, 0.0) AS value,
    COALESCE(unexplained.usd, 0.0) AS usd
FROM {expected_clouds} AS expected
LEFT JOIN unexplained
    ON unexplained.cloud_provider = expected.cloud_provider
