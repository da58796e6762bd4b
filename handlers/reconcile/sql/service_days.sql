-- What each of these loads holds, by service and day; without tax, which clouds put elsewhere.
SELECT
    kept.load_id AS load_id,
    kept.service AS service,
    kept.date AS date,
    SUM(kept.billing_cost) AS cost
FROM {bill_totals} AS kept
WHERE kept.load_id IN ({loads}) AND kept.charge_type <> 'tax'
GROUP BY kept.load_id, kept.service, kept.date
