SELECT UNIX_DATE({until}) - UNIX_DATE(loads.data_through) AS {name}_missing_days
FROM {complete} AS loads
