-- The series that the filters name: that of the cloud, or those of the chosen models, or else of the
-- chosen customers, added up.
SELECT
    TIMESTAMP_SECONDS(UNIX_DATE(found.date) * 86400) AS time,
    SUM(found.actual) AS actual,
    SUM(found.expected) AS expected,
    SUM(found.lower) AS lower,
    SUM(found.upper) AS upper,
    SUM(CASE WHEN found.status IN ('high', 'low') THEN found.actual END) AS anomaly
FROM {anomalies} AS found
WHERE
    found.cloud_provider = '{cloud}'
    AND found.series = CASE
        WHEN '__all' NOT IN ({models}) THEN 'model'
        WHEN '__all' NOT IN ({customers}) THEN 'customer'
        ELSE 'cloud'
    END
    AND found.date >= {since}
    AND found.date <= {until}
    AND {picked_series}
GROUP BY found.date
ORDER BY time
