SELECT
    SUM(CASE WHEN costs.cloud_provider = 'AWS' THEN costs.cost END) AS aws,
    SUM(CASE WHEN costs.cloud_provider = 'Azure' THEN costs.cost END) AS azure,
    SUM(CASE WHEN costs.cloud_provider = 'GCP' THEN costs.cost END) AS gcp
FROM {serving_daily_costs} AS costs
WHERE
    {in_range}
    {picked}
