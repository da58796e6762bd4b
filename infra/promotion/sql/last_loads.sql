-- The last word of the ledger about each bill on each path.
SELECT
    loads.warehouse,
    loads.cloud_provider,
    loads.scope,
    loads.billing_period,
    loads.load_id,
    loads.status,
    loads.error
FROM {ledger} AS loads
WHERE loads.cloud_provider IN ({clouds})
QUALIFY ROW_NUMBER() OVER (
    PARTITION BY loads.warehouse, loads.cloud_provider, loads.scope, loads.billing_period
    ORDER BY loads.finished_at DESC, loads.load_id
) = 1
ORDER BY loads.cloud_provider, loads.scope, loads.billing_period, loads.warehouse
