-- Every load of the clouds that have two paths, oldest first.
SELECT
    loads.warehouse,
    loads.cloud_provider,
    loads.scope,
    loads.billing_period,
    loads.load_id,
    COALESCE(loads.cost_usd, 0) AS cost_usd,
    COALESCE(loads.gross_cost_usd, 0) AS gross_usd,
    COALESCE(loads.rows, 0) AS row_count,
    loads.finished_at
FROM {ledger} AS loads
WHERE loads.status = {loaded} AND loads.cloud_provider IN ({clouds})
ORDER BY loads.finished_at, loads.load_id
