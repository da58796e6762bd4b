-- When each path of a cloud last loaded anything.
SELECT
    loads.cloud_provider,
    loads.warehouse,
    MAX(loads.finished_at) AS loaded_at,
    MAX(loads.data_through) AS data_through
FROM {ledger} AS loads
WHERE loads.status = {loaded} AND loads.cloud_provider IN ({clouds})
GROUP BY loads.cloud_provider, loads.warehouse
