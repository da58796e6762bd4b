-- What the export adds up to for one billing account and invoice month, by currency and kind of
-- charge; credits apart. It looks at no rule and no service: the whole of what Google invoices.
SELECT
    currency,
    cost_type,
    COALESCE(SUM(amount(cost)), 0) AS cost,
    COALESCE(
        SUM((SELECT SUM(amount(credit.amount)) FROM UNNEST(credits) AS credit)),
        0
    ) AS credit
FROM {export}
GROUP BY currency, cost_type
ORDER BY currency, cost_type
