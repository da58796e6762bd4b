-- What a filter offers, whichever path it comes from.
SELECT DISTINCT {columns}
FROM `{dataset}.dimensions`
