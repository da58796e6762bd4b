(
    -- The last day that is complete in all bills of the cloud, and the last not drawn in grey. A bill
    -- that ended two months before the cloud's newest is one that is no longer collected.
    SELECT
        MIN(scopes.data_through) AS data_through,
        COALESCE(MIN(scopes.data_through), CAST('1970-01-01' AS DATE)) AS grey_after
    FROM (
        SELECT
            ledger.scope AS scope,
            MAX(ledger.data_through) AS data_through,
            MAX(ledger.billing_period) AS newest,
            MAX(MAX(ledger.billing_period)) OVER () AS newest_of_cloud
        FROM {ledger} AS ledger
        WHERE ledger.status = 'loaded' AND ledger.cloud_provider = {cloud}
        GROUP BY ledger.scope
    ) AS scopes
    WHERE scopes.newest >= {a_month_before}
)
