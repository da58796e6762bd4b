SELECT names.key AS __value, names.name AS __text
FROM {customer_names} AS names
ORDER BY names.name, names.key
