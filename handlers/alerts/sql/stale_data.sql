-- Hours since the last load of each cloud that is expected; a cloud that was never loaded counts as
-- a year, so that it is a number and not silence.
SELECT
    {now} AS time,
    expected.cloud_provider AS cloud,
    COALESCE((UNIX_SECONDS({now}) - UNIX_SECONDS(loads.last_load)) / 3600, 8760) AS value,
    CAST(NULL AS FLOAT64) AS usd
FROM {expected_clouds} AS expected
LEFT JOIN {clouds_loaded} AS loads
    ON loads.cloud_provider = expected.cloud_provider
