-- Who queried unified_costs in the last 30 days, the service accounts of Grafana and the jobs too.
-- https://docs.cloud.google.com/bigquery/docs/information-schema-jobs
SELECT DISTINCT jobs.user_email
FROM `region-{region}`.INFORMATION_SCHEMA.JOBS AS jobs, UNNEST(jobs.referenced_tables) AS used
WHERE
    jobs.creation_time > TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 30 DAY)
    AND used.dataset_id = {dataset}
    AND used.table_id = 'unified_costs'
ORDER BY jobs.user_email
