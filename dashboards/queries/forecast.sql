-- The alert rule forecast_over_budget goes by the same sum.
SELECT
    SUM(
        CAST(costs.cost AS FLOAT64) * CAST(month.days_of_month AS FLOAT64)
        / CAST(month.days AS FLOAT64)
    ) AS forecast
FROM {serving_daily_costs} AS costs
INNER JOIN {this_month} AS month
    ON month.cloud_provider = costs.cloud_provider
CROSS JOIN (SELECT MIN(known.days) AS days FROM {this_month} AS known) AS least
WHERE
    least.days >= 5
    AND costs.date >= month.first_day
    AND costs.date <= month.last_day
    AND costs.billing_period >= DATE_SUB({until}, INTERVAL 6 MONTH)
    AND costs.billing_period <= {until} + 31
    {picked}
