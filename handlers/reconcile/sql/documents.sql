-- What each of these loads holds, by document, who bills it, and kind of charge.
SELECT
    kept.load_id AS load_id,
    kept.invoice_id AS invoice_id,
    kept.billing_entity AS billing_entity,
    kept.charge_type AS charge_type,
    SUM(kept.billing_cost) AS cost
FROM {bill_totals} AS kept
WHERE kept.load_id IN ({loads})
GROUP BY kept.load_id, kept.invoice_id, kept.billing_entity, kept.charge_type
