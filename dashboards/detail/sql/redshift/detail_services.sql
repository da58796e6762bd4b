WITH spent AS (
    SELECT
        costs.service AS service,
        COUNT(DISTINCT costs.sku_description) AS skus,
        SUM(costs.cost_usd) AS cost
    FROM {costs} AS costs
    WHERE
        {in_range}
        {picked}
    GROUP BY costs.service
)

SELECT
    spent.service AS service,
    spent.skus AS skus,
    spent.cost AS cost,
    CAST(spent.cost AS DOUBLE PRECISION)
        / NULLIF(SUM(CAST(spent.cost AS DOUBLE PRECISION)) OVER (), 0) AS share
FROM spent
ORDER BY cost DESC, service
LIMIT {limit}
