-- Each billing account and invoice month of the export with what makes its version: Google adds
-- rows and never rewrites one, so that rows, their sum and the last export say whether any came.
SELECT
    billing_account_id AS account,
    invoice.month AS month,
    COUNT(*) AS line_count,
    COALESCE(SUM(amount(cost)), 0) + COALESCE(
        SUM((SELECT SUM(amount(credit.amount)) FROM UNNEST(credits) AS credit)),
        0
    ) AS cost,
    MAX(export_time) AS exported_at
FROM {export}
GROUP BY account, month
ORDER BY account, month
