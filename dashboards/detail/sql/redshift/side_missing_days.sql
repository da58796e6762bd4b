SELECT {until} - loads.data_through AS {name}_missing_days
FROM {complete} AS loads
