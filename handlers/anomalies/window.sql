-- Of each cloud: the first day that can have an anomaly, and the days that were computed.
SELECT
    costs.cloud_provider AS cloud_provider,
    MIN(costs.date) AS first_cost,
    MIN(computed.first_day) AS first_computed,
    MAX(computed.last_day) AS last_computed
FROM {serving_daily_costs} AS costs
INNER JOIN (
    SELECT bills.cloud_provider AS cloud_provider, MIN(bills.billing_period) AS first_day
    FROM {serving_ledger} AS bills
    WHERE bills.status = 'loaded'
    GROUP BY bills.cloud_provider
) AS known
    ON known.cloud_provider = costs.cloud_provider
INNER JOIN {clouds_loaded} AS loads
    ON loads.cloud_provider = costs.cloud_provider
LEFT JOIN (
    SELECT
        done.cloud_provider AS cloud_provider,
        MIN(done.date) AS first_day,
        MAX(done.date) AS last_day
    FROM {anomalies} AS done
    GROUP BY done.cloud_provider
) AS computed
    ON computed.cloud_provider = costs.cloud_provider
WHERE
    costs.charge_type IN ('usage', 'discount')
    AND costs.cost <> 0
    AND costs.date >= known.first_day
    AND costs.date <= loads.data_through
GROUP BY costs.cloud_provider
