-- Days after the cloud's last complete one have a column of their own, to be drawn in grey.
SELECT
    CAST(spent.date AS DATETIME2) AS time,
    CASE WHEN spent.date <= loads.grey_after THEN spent.cost END AS {name},
    CASE WHEN spent.date > loads.grey_after THEN spent.cost END AS incomplete
FROM (
    SELECT
        costs.date AS date,
        SUM(costs.cost_usd) AS cost
    FROM {costs} AS costs
    WHERE
        {consumed}
        AND {in_range}
        {picked}
    GROUP BY costs.date
) AS spent
CROSS JOIN {complete} AS loads
ORDER BY time
