-- Only of bills that state an amortised cost: what usage cost then beyond what is paid for it on the
-- day is what it took of a commitment.
SELECT
    costs.cloud_provider AS cloud,
    COALESCE(SUM(CASE WHEN costs.charge_type = 'purchase' THEN costs.cost END), 0) AS bought,
    COALESCE(
        SUM(CASE WHEN costs.charge_type = 'usage' THEN costs.effective - costs.cost END), 0
    ) AS used,
    COALESCE(SUM(CASE WHEN costs.charge_type = 'idle' THEN costs.effective END), 0) AS idle,
    CAST(SUM(CASE WHEN costs.charge_type = 'idle' THEN costs.effective END) AS FLOAT64)
    / CAST(
        NULLIF(
            SUM(
                CASE
                    WHEN costs.charge_type = 'idle' THEN costs.effective
                    WHEN costs.charge_type = 'usage' THEN costs.effective - costs.cost
                END
            ),
            0
        ) AS FLOAT64
    ) AS idle_share
FROM {serving_daily_costs} AS costs
WHERE
    costs.charge_type IN ('purchase', 'usage', 'idle')
    AND {in_range}
    {picked}
GROUP BY costs.cloud_provider
ORDER BY cloud
