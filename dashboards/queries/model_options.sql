-- A name with a quote or a backslash would not come whole through the quoting of a filter, so it is
-- not offered; what it cost is in every panel that is not filtered.
SELECT DISTINCT models.key AS __value, models.key AS __text
FROM {serving_dimensions} AS models
WHERE
    models.dimension = 'model'
    AND REGEXP_CONTAINS(models.key, '^[A-Za-z0-9 ._:/@()+-]+$')
ORDER BY 1
