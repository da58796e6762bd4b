-- Dollars that each cloud cost more, and less, than expected, where that is an anomaly of one of its
-- last three complete days. One cause shows as a model, as a customer and in the cloud's total: all
-- of a cloud that point the same way are one incident, told as its largest. It keeps its first day
-- for as long as the next one follows within three days, whichever model or customer leads by then,
-- so that it stays one alert until it ends. Nothing below one percent of a usual day of all clouds. A
-- cloud without an anomaly has a zero.
WITH unusual AS (
    SELECT
        found.cloud_provider AS cloud_provider,
        CASE WHEN found.status = 'high' THEN 'more' ELSE 'less' END AS direction,
        found.date AS date,
        found.series AS series,
        found.key AS key,
        CASE WHEN found.date > loads.data_through - 3 THEN 1 ELSE 0 END AS is_recent,
        CAST(ABS(found.actual - found.expected) AS FLOAT64) AS usd
    FROM {anomalies} AS found
    INNER JOIN {clouds_loaded} AS loads
        ON loads.cloud_provider = found.cloud_provider
    WHERE
        found.status IN ('high', 'low')
        AND found.date > loads.data_through - 28
        AND found.date <= loads.data_through
),

usual AS (
    SELECT COALESCE(SUM(clouds.day), 0.0) AS day
    FROM (
        SELECT
            found.cloud_provider AS cloud_provider,
            AVG(CAST(found.actual AS FLOAT64)) AS day
        FROM {anomalies} AS found
        INNER JOIN {clouds_loaded} AS loads
            ON loads.cloud_provider = found.cloud_provider
        WHERE
            found.series = 'cloud'
            AND found.date > loads.data_through - 28
            AND found.date <= loads.data_through
        GROUP BY found.cloud_provider
    ) AS clouds
),

told AS (
    SELECT
        unusual.cloud_provider AS cloud_provider,
        unusual.direction AS direction,
        unusual.date AS date,
        unusual.series AS series,
        unusual.key AS key,
        unusual.is_recent AS is_recent,
        unusual.usd AS usd
    FROM unusual
    CROSS JOIN usual
    WHERE unusual.usd >= 0.01 * usual.day
),

-- The days on which something began, and of each cloud and direction the last of them.
firsts AS (
    SELECT
        days.cloud_provider AS cloud_provider,
        days.direction AS direction,
        MAX(days.date) AS date
    FROM (
        SELECT
            told.cloud_provider AS cloud_provider,
            told.direction AS direction,
            told.date AS date,
            LAG(told.date) OVER (
                PARTITION BY told.cloud_provider, told.direction ORDER BY told.date
            ) AS previous
        FROM told
    ) AS days
    WHERE days.previous IS NULL OR days.date > days.previous + 3
    GROUP BY days.cloud_provider, days.direction
),

names AS (
    SELECT called.key AS key, called.name AS name
    FROM {serving_dimensions} AS called
    WHERE called.dimension = 'customer'
    QUALIFY
        ROW_NUMBER() OVER (
            PARTITION BY called.key ORDER BY called.billing_period DESC, called.name
        ) = 1
),

ranked AS (
    SELECT
        told.cloud_provider AS cloud_provider,
        told.direction AS direction,
        told.series AS series,
        CASE
            WHEN told.series = 'customer' THEN COALESCE(names.name, told.key)
            ELSE told.key
        END AS name,
        told.key AS key,
        told.usd AS usd,
        ROW_NUMBER() OVER (
            PARTITION BY told.cloud_provider, told.direction, told.series
            ORDER BY told.usd DESC, told.key, told.date
        ) AS place
    FROM told
    LEFT JOIN names
        ON names.key = told.key
    WHERE told.is_recent = 1
),

incidents AS (
    SELECT
        ranked.cloud_provider AS cloud_provider,
        ranked.direction AS direction,
        MAX(CASE WHEN ranked.series = 'model' AND ranked.place = 1 THEN ranked.name END) AS model,
        MAX(CASE WHEN ranked.series = 'customer' AND ranked.place = 1 THEN ranked.name END)
            AS customer,
        MAX(CASE WHEN ranked.series = 'customer' AND ranked.place = 1 THEN ranked.key END)
            AS customer_key,
        MAX(ranked.usd) AS usd
    FROM ranked
    GROUP BY ranked.cloud_provider, ranked.direction
)

SELECT
    {now} AS time,
    expected.cloud_provider AS cloud,
    COALESCE(incidents.direction, '') AS direction,
    COALESCE(CAST(firsts.date AS STRING), '') AS day,
    COALESCE(incidents.model, '') AS model,
    COALESCE(incidents.customer, '') AS customer,
    COALESCE(incidents.customer_key, '') AS customer_key,
    CASE
        WHEN incidents.usd IS NULL THEN ''
        WHEN incidents.model IS NOT NULL AND incidents.customer IS NOT NULL
            THEN CONCAT('most of it model ', incidents.model, ', customer ', incidents.customer)
        WHEN incidents.model IS NOT NULL THEN CONCAT('most of it model ', incidents.model)
        WHEN incidents.customer IS NOT NULL
            THEN CONCAT('most of it customer ', incidents.customer)
        ELSE 'no single model or customer stands out'
    END AS cause,
    COALESCE(incidents.usd, 0.0) AS value,
    COALESCE(incidents.usd, 0.0) AS usd
FROM {expected_clouds} AS expected
LEFT JOIN incidents
    ON incidents.cloud_provider = expected.cloud_provider
LEFT JOIN firsts
    ON firsts.cloud_provider = incidents.cloud_provider
    AND firsts.direction = incidents.direction
