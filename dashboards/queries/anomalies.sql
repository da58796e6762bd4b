SELECT
    found.date AS date,
    found.cloud_provider AS cloud,
    found.series AS series,
    CASE WHEN found.series = 'customer' THEN COALESCE(names.name, found.key) ELSE found.key END
        AS series_name,
    found.status AS state,
    found.actual AS actual,
    found.expected AS expected,
    found.actual - found.expected AS unexpected_cost,
    found.lower AS lower,
    found.upper AS upper,
    found.score AS score,
    COALESCE(found.reason, '') AS reason,
    COALESCE(found.event, '') AS event,
    CASE WHEN found.series = 'model' THEN found.key ELSE CONCAT('$', '__all') END AS model_key,
    CASE WHEN found.series = 'customer' THEN found.key ELSE CONCAT('$', '__all') END AS customer_key
FROM {anomalies} AS found
LEFT JOIN {customer_names} AS names
    ON names.key = found.key
WHERE
    found.status IN ('high', 'low', 'quiet')
    AND found.date >= {since}
    AND found.date <= {until}
    AND {picked_series}
ORDER BY date DESC, ABS(found.actual - found.expected) DESC, cloud, series, series_name
LIMIT 100
