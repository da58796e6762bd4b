(
    -- Of each cloud, the last day that is complete in all of its scopes, and when the scope that was
    -- loaded longest ago was loaded last. A scope whose bills ended two months before the cloud's
    -- newest is one that is no longer collected.
    SELECT
        scopes.cloud_provider AS cloud_provider,
        MIN(scopes.data_through) AS data_through,
        MIN(scopes.last_load) AS last_load
    FROM (
        SELECT
            ledger.cloud_provider AS cloud_provider,
            MAX(ledger.data_through) AS data_through,
            MAX(ledger.finished_at) AS last_load,
            MAX(ledger.billing_period) AS newest,
            MAX(MAX(ledger.billing_period)) OVER (PARTITION BY ledger.cloud_provider)
                AS newest_of_cloud
        FROM {serving_ledger} AS ledger
        WHERE ledger.status = 'loaded'
        GROUP BY ledger.cloud_provider, ledger.scope
    ) AS scopes
    WHERE scopes.newest >= scopes.newest_of_cloud - 31
    GROUP BY scopes.cloud_provider
)
