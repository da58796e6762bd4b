-- Loads of the day before the newest one. A month that was complete before and cost something else
-- now was restated; one that was still open may simply have had more days.
WITH loads AS (
    SELECT
        ledger.cloud_provider AS cloud_provider,
        ledger.scope AS scope,
        ledger.billing_period AS billing_period,
        ledger.finished_at AS finished_at,
        ledger.cost_usd AS cost,
        ledger.restated_usd AS restated_usd,
        LAG(ledger.data_through) OVER (
            PARTITION BY ledger.cloud_provider, ledger.scope, ledger.billing_period
            ORDER BY ledger.finished_at, ledger.started_at, ledger.load_id
        ) AS through_before,
        MAX(ledger.finished_at) OVER () AS newest
    FROM {serving_ledger} AS ledger
    WHERE
        ledger.status = 'loaded'
        AND ('__all' IN ({clouds}) OR ledger.cloud_provider IN ({clouds}))
)

SELECT
    loads.cloud_provider AS cloud,
    loads.scope AS scope,
    SUBSTR(CAST(loads.billing_period AS STRING), 1, 7) AS month,
    CASE
        WHEN loads.through_before >= LAST_DAY(loads.billing_period) THEN 'restated'
        ELSE 'still open'
    END AS state,
    loads.restated_usd AS restated_cost,
    loads.cost AS cost,
    loads.finished_at AS last_load
FROM loads
WHERE
    loads.restated_usd <> 0
    AND UNIX_SECONDS(loads.finished_at) >= UNIX_SECONDS(loads.newest) - 86400
ORDER BY ABS(loads.restated_usd) DESC, cloud, scope, month
LIMIT 50
