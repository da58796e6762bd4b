-- Cloud by cloud up to its last complete day, and the previous month up to the same day, so that a
-- cloud that is a day behind does not look cheaper.
SELECT
    COALESCE(SUM(CASE WHEN costs.date >= month.first_day THEN costs.cost END), 0) AS cost,
    COALESCE(SUM(CASE WHEN costs.date < month.first_day THEN costs.cost END), 0) AS previous_cost,
    CAST(
        SUM(CASE WHEN costs.date >= month.first_day THEN costs.cost ELSE 0 - costs.cost END) AS FLOAT64
    )
    / CAST(
        NULLIF(SUM(CASE WHEN costs.date < month.first_day THEN costs.cost END), 0) AS FLOAT64
    ) AS change
FROM {serving_daily_costs} AS costs
INNER JOIN {this_month} AS month
    ON month.cloud_provider = costs.cloud_provider
WHERE
    (
        (costs.date >= month.first_day AND costs.date <= month.last_day)
        OR (
            costs.date >= DATE_SUB(month.first_day, INTERVAL 1 MONTH)
            AND costs.date < month.first_day
            AND costs.date <= DATE_SUB(month.last_day, INTERVAL 1 MONTH)
        )
    )
    AND costs.billing_period >= DATE_SUB({until}, INTERVAL 6 MONTH)
    AND costs.billing_period <= {until} + 31
    {picked}
