SELECT DATEDIFF(DAY, loads.data_through, {until}) AS {name}_missing_days
FROM {complete} AS loads
