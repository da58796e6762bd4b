-- BigQuery's own time, and that the ledger can be read.
SELECT
    FORMAT_TIMESTAMP('%FT%H:%M:%E6SZ', CURRENT_TIMESTAMP()) AS now,
    CAST(COUNT(*) AS STRING) AS loads
FROM ledger
