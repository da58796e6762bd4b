-- The newest load of every bill that clouds' own warehouses have published to the hub.
SELECT *
FROM {ledger} AS loads
WHERE loads.status = {loaded} AND loads.warehouse IN ({native})
QUALIFY ROW_NUMBER() OVER (
    PARTITION BY loads.warehouse, loads.cloud_provider, loads.scope, loads.billing_period
    ORDER BY loads.finished_at DESC
) = 1
ORDER BY loads.finished_at, loads.load_id
