(
    -- Of each model and customer the place of its colour, whatever is chosen. In the order in which
    -- bills named them, so that a new one takes nobody's colour.
    SELECT
        known.dimension AS dimension,
        known.key AS key,
        CONCAT(
            'c',
            CAST(
                MOD(
                    ROW_NUMBER() OVER (
                        PARTITION BY known.dimension ORDER BY known.first_period, known.key
                    ) - 1,
                    {palette}
                ) AS STRING
            )
        ) AS colour
    FROM (
        SELECT
            called.dimension AS dimension,
            called.key AS key,
            MIN(called.billing_period) AS first_period
        FROM {serving_dimensions} AS called
        WHERE called.dimension IN ('model', 'customer')
        GROUP BY called.dimension, called.key
    ) AS known
)
