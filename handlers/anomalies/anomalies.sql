-- A row per series and complete day from {first} to {last}: what was expected, what came.
--
-- y is the logarithm of one dollar more than the day cost: growth and the week are factors, and so
-- are anomalies. From it is taken what its weekday usually adds (`factor`: the median, over the same
-- weekday of some weeks, of how far that day was from the mean of its last seven days). What is left
-- has a level (median of the last {level_days} days) and a spread (median distance from the median
-- of the last {spread_days} days, which is 1/1.4826 of the standard deviation where values are
-- normal). A day is unusual if it is far from level and factor in terms of that spread, and in
-- dollars. One text for BigQuery and DuckDB: medians are exact, by rank, since what the engines call
-- a percentile differs.
WITH loads AS (
    SELECT loaded.cloud_provider, loaded.data_through
    FROM {clouds_loaded} AS loaded
),

-- A month of which no bill was loaded is not known: it is not a month without cost. Its days stay in
-- the calendar, so that a number of rows is a number of days.
months AS (
    SELECT DISTINCT bills.cloud_provider, bills.billing_period
    FROM {serving_ledger} AS bills
    WHERE
        bills.status = 'loaded'
        AND bills.billing_period >= DATE_SUB({since}, INTERVAL 1 MONTH)
        AND bills.billing_period <= {last}
),

calendar AS (
    SELECT
        loads.cloud_provider AS cloud_provider,
        n AS day_no,
        months.cloud_provider IS NOT NULL AS is_known
    FROM loads
    CROSS JOIN UNNEST(GENERATE_ARRAY(UNIX_DATE({since}), UNIX_DATE({last}))) AS n
    LEFT JOIN months
        ON months.cloud_provider = loads.cloud_provider
        AND n >= UNIX_DATE(months.billing_period)
        AND n <= UNIX_DATE(LAST_DAY(months.billing_period))
    WHERE n <= UNIX_DATE(loads.data_through)
),

charged AS (
    SELECT
        costs.cloud_provider AS cloud_provider,
        kind AS series,
        CASE kind
            WHEN 'cloud' THEN costs.cloud_provider
            WHEN 'model' THEN costs.model
            ELSE costs.customer_key
        END AS key,
        UNIX_DATE(costs.date) AS day_no,
        costs.cost AS cost
    FROM {serving_daily_costs} AS costs
    CROSS JOIN UNNEST(['cloud', 'model', 'customer']) AS kind
    WHERE
        costs.charge_type IN ('usage', 'discount')
        AND costs.date >= {since}
        AND costs.date <= {last}
        AND costs.billing_period >= DATE_SUB({since}, INTERVAL 2 MONTH)
        AND costs.billing_period <= DATE_ADD({last}, INTERVAL 2 MONTH)
),

spent AS (
    SELECT
        charged.cloud_provider,
        charged.series,
        charged.key,
        charged.day_no,
        SUM(charged.cost) AS cost
    FROM charged
    GROUP BY charged.cloud_provider, charged.series, charged.key, charged.day_no
),

keys AS (
    SELECT
        spent.cloud_provider AS cloud_provider,
        spent.series AS series,
        spent.key AS key,
        ROW_NUMBER() OVER (ORDER BY spent.cloud_provider, spent.series, spent.key) AS id
    FROM spent
    GROUP BY spent.cloud_provider, spent.series, spent.key
),

known AS (
    SELECT
        keys.id AS id,
        calendar.day_no AS day_no,
        calendar.is_known AS is_known,
        CASE WHEN calendar.is_known THEN COALESCE(spent.cost, 0) END AS cost,
        CASE
            WHEN calendar.is_known
                THEN LN(1.0 + GREATEST(CAST(COALESCE(spent.cost, 0) AS FLOAT64), 0.0))
        END AS y
    FROM keys
    INNER JOIN calendar
        ON calendar.cloud_provider = keys.cloud_provider
    LEFT JOIN spent
        ON spent.cloud_provider = keys.cloud_provider
        AND spent.series = keys.series
        AND spent.key = keys.key
        AND spent.day_no = calendar.day_no
),

-- apart: from the mean of the week that ends with the day. begins: when the series began, seen from
-- the day.
weekly AS (
    SELECT
        known.id AS id,
        known.day_no AS day_no,
        known.is_known AS is_known,
        known.cost AS cost,
        known.y AS y,
        known.y - AVG(known.y) OVER (
            PARTITION BY known.id ORDER BY known.day_no ROWS BETWEEN 6 PRECEDING AND CURRENT ROW
        ) AS apart,
        COUNT(known.y) OVER (
            PARTITION BY known.id ORDER BY known.day_no ROWS BETWEEN 6 PRECEDING AND CURRENT ROW
        ) AS days_of_week,
        MIN(CASE WHEN known.cost <> 0 THEN known.day_no END) OVER (
            PARTITION BY known.id
            ORDER BY known.day_no ROWS BETWEEN {memory_days} PRECEDING AND CURRENT ROW
        ) AS begins
    FROM known
),

seasons AS (
    SELECT
        days.id AS id,
        days.day_no AS day_no,
        past.apart AS apart,
        ROW_NUMBER() OVER (PARTITION BY days.id, days.day_no ORDER BY past.apart) AS place,
        COUNT(*) OVER (PARTITION BY days.id, days.day_no) AS places
    FROM weekly AS days
    CROSS JOIN UNNEST(GENERATE_ARRAY(0, {season_weeks} - 1)) AS back
    INNER JOIN weekly AS past
        ON past.id = days.id
        AND past.day_no = days.day_no - 7 * back
    WHERE
        days.day_no >= UNIX_DATE({first}) - {cool_down_days} - 7
        AND past.days_of_week = 7
        AND past.begins <= past.day_no - 6
),

factors AS (
    SELECT seasons.id AS id, seasons.day_no AS day_no, AVG(seasons.apart) AS factor
    FROM seasons
    WHERE 2 * seasons.place BETWEEN seasons.places AND seasons.places + 2
    GROUP BY seasons.id, seasons.day_no
),

-- The days before each day, with what their weekday adds as it was known the day before.
history AS (
    SELECT
        days.id AS id,
        days.day_no AS day_no,
        past.y - COALESCE(factors.factor, 0.0) AS z,
        CASE WHEN back <= {level_days} THEN 1 ELSE 0 END AS is_late
    FROM weekly AS days
    CROSS JOIN UNNEST(GENERATE_ARRAY(1, {spread_days})) AS back
    INNER JOIN weekly AS past
        ON past.id = days.id
        AND past.day_no = days.day_no - back
    LEFT JOIN factors
        ON factors.id = days.id
        AND factors.day_no = days.day_no - back + 7 * DIV(back - 1, 7)
    WHERE
        days.day_no >= UNIX_DATE({first}) - {cool_down_days}
        AND past.day_no >= days.begins
        AND past.is_known
),

ranked AS (
    SELECT
        history.id AS id,
        history.day_no AS day_no,
        history.z AS z,
        history.is_late AS is_late,
        ROW_NUMBER() OVER (PARTITION BY history.id, history.day_no ORDER BY history.z) AS place,
        COUNT(*) OVER (PARTITION BY history.id, history.day_no) AS places,
        ROW_NUMBER() OVER (
            PARTITION BY history.id, history.day_no, history.is_late ORDER BY history.z
        ) AS late_place
    FROM history
),

centres AS (
    SELECT
        ranked.id AS id,
        ranked.day_no AS day_no,
        MAX(ranked.places) AS places,
        AVG(
            CASE WHEN 2 * ranked.place BETWEEN ranked.places AND ranked.places + 2 THEN ranked.z END
        ) AS centre,
        AVG(
            CASE
                WHEN
                    ranked.is_late = 1
                    AND 2 * ranked.late_place BETWEEN {level_days} AND {level_days} + 2
                    THEN ranked.z
            END
        ) AS level
    FROM ranked
    GROUP BY ranked.id, ranked.day_no
),

distances AS (
    SELECT
        history.id AS id,
        history.day_no AS day_no,
        ABS(history.z - centres.centre) AS distance,
        ROW_NUMBER() OVER (
            PARTITION BY history.id, history.day_no ORDER BY ABS(history.z - centres.centre)
        ) AS place
    FROM history
    INNER JOIN centres
        ON centres.id = history.id
        AND centres.day_no = history.day_no
    WHERE centres.places = {spread_days}
),

spreads AS (
    SELECT
        distances.id AS id,
        distances.day_no AS day_no,
        GREATEST(1.4826 * AVG(distances.distance), {least_sigma}) AS sigma
    FROM distances
    WHERE 2 * distances.place BETWEEN {spread_days} AND {spread_days} + 2
    GROUP BY distances.id, distances.day_no
),

measured AS (
    SELECT
        days.id AS id,
        days.day_no AS day_no,
        days.is_known AND days.begins IS NOT NULL AS is_shown,
        days.cost AS cost,
        days.y AS y,
        COALESCE(centres.places, 0) AS places,
        CASE WHEN days.is_known THEN spreads.sigma END AS sigma,
        GREATEST(centres.level + COALESCE(factors.factor, 0.0), 0.0) AS middle
    FROM weekly AS days
    LEFT JOIN centres
        ON centres.id = days.id
        AND centres.day_no = days.day_no
    LEFT JOIN spreads
        ON spreads.id = days.id
        AND spreads.day_no = days.day_no
    LEFT JOIN factors
        ON factors.id = days.id
        AND factors.day_no = days.day_no - 7
    WHERE days.day_no >= UNIX_DATE({first}) - {cool_down_days}
),

-- Rounded before they are compared, so that the last bit of a logarithm decides nothing. Nothing is
-- computed of a day that can't be judged: the engines differ in what GREATEST makes of a null.
scored AS (
    SELECT
        measured.id AS id,
        measured.day_no AS day_no,
        measured.is_shown AS is_shown,
        measured.cost AS cost,
        measured.places AS places,
        ROUND((measured.y - measured.middle) / measured.sigma, 6) AS score,
        ROUND(EXP(measured.middle) - 1.0, 6) AS expected,
        CASE
            WHEN measured.middle <= {score} * measured.sigma THEN 0.0
            ELSE ROUND(EXP(measured.middle - {score} * measured.sigma) - 1.0, 6)
        END AS lower,
        CASE
            WHEN measured.middle + {score} * measured.sigma > 40.0 THEN ROUND(EXP(40.0), 0)
            ELSE ROUND(EXP(measured.middle + {score} * measured.sigma) - 1.0, 6)
        END AS upper
    FROM measured
    WHERE measured.sigma IS NOT NULL
    UNION ALL
    SELECT
        measured.id,
        measured.day_no,
        measured.is_shown,
        measured.cost,
        measured.places,
        CAST(NULL AS FLOAT64),
        CAST(NULL AS FLOAT64),
        CAST(NULL AS FLOAT64),
        CAST(NULL AS FLOAT64)
    FROM measured
    WHERE measured.sigma IS NULL
),

directed AS (
    SELECT
        scored.id AS id,
        scored.day_no AS day_no,
        CASE
            WHEN scored.score IS NULL THEN 0
            WHEN
                ABS(ROUND(CAST(scored.cost AS FLOAT64) - scored.expected, 6)) < {least_usd}
                THEN 0
            WHEN scored.score >= {score} THEN 1
            WHEN scored.score <= -{score} THEN -1
            ELSE 0
        END AS direction
    FROM scored
),

-- An event is about the cloud's whole cost, and about a model's or a customer's unless it names
-- another one: what has another cause shows in another customer or model.
covered AS (
    SELECT
        directed.id AS id,
        directed.day_no AS day_no,
        MIN(events.note) AS note
    FROM directed
    INNER JOIN keys
        ON keys.id = directed.id
    CROSS JOIN {events} AS events
    WHERE
        directed.day_no >= UNIX_DATE(events.first_day)
        AND directed.day_no <= UNIX_DATE(events.last_day)
        AND events.cloud_provider IN ('', keys.cloud_provider)
        AND (keys.series <> 'model' OR events.model IN ('', keys.key))
        AND (keys.series <> 'customer' OR events.customer_key IN ('', keys.key))
    GROUP BY directed.id, directed.day_no
),

followed AS (
    SELECT
        directed.id AS id,
        directed.day_no AS day_no,
        directed.direction AS direction,
        covered.note AS note,
        MAX(CASE WHEN directed.direction = 1 AND covered.note IS NULL THEN 1 ELSE 0 END) OVER (
            PARTITION BY directed.id
            ORDER BY directed.day_no ROWS BETWEEN {cool_down_days} PRECEDING AND 1 PRECEDING
        ) AS was_high,
        MAX(CASE WHEN directed.direction = -1 THEN 1 ELSE 0 END) OVER (
            PARTITION BY directed.id
            ORDER BY directed.day_no ROWS BETWEEN {cool_down_days} PRECEDING AND 1 PRECEDING
        ) AS was_low
    FROM directed
    LEFT JOIN covered
        ON covered.id = directed.id
        AND covered.day_no = directed.day_no
),

judged AS (
    SELECT
        keys.cloud_provider AS cloud_provider,
        keys.series AS series,
        keys.key AS key,
        scored.day_no AS day_no,
        scored.cost AS cost,
        scored.places AS places,
        scored.score AS score,
        scored.expected AS expected,
        scored.lower AS lower,
        scored.upper AS upper,
        followed.direction AS direction,
        followed.note AS note,
        CASE
            WHEN scored.score IS NULL THEN 'learning'
            WHEN followed.direction = 0 THEN 'normal'
            WHEN followed.direction = 1 AND followed.note IS NOT NULL THEN 'quiet'
            WHEN followed.direction = 1 AND followed.was_high = 1 THEN 'quiet'
            WHEN followed.direction = -1 AND followed.was_low = 1 THEN 'quiet'
            WHEN followed.direction = 1 THEN 'high'
            ELSE 'low'
        END AS status,
        CONCAT(
            CAST(CAST(ROUND(CAST(scored.cost AS FLOAT64)) AS INT64) AS STRING),
            ' USD where ',
            CAST(CAST(ROUND(scored.expected) AS INT64) AS STRING),
            ' were expected and ',
            CAST(CAST(ROUND(scored.lower) AS INT64) AS STRING),
            ' to ',
            CAST(CAST(ROUND(scored.upper) AS INT64) AS STRING),
            ' are usual'
        ) AS came
    FROM scored
    INNER JOIN keys
        ON keys.id = scored.id
    INNER JOIN followed
        ON followed.id = scored.id
        AND followed.day_no = scored.day_no
    WHERE
        scored.day_no >= UNIX_DATE({first})
        AND scored.is_shown
)

SELECT
    DATE_FROM_UNIX_DATE(judged.day_no) AS date,
    judged.series AS series,
    judged.cloud_provider AS cloud_provider,
    judged.key AS key,
    judged.cost AS actual,
    CAST(judged.expected AS {amount}) AS expected,
    CAST(judged.lower AS {amount}) AS lower,
    CAST(judged.upper AS {amount}) AS upper,
    CAST(judged.score AS {amount}) AS score,
    judged.status AS status,
    CASE
        WHEN judged.status = 'learning'
            THEN CONCAT(
                'learning: ', CAST(judged.places AS STRING), ' of {spread_days} days are known'
            )
        WHEN judged.status IN ('high', 'low') THEN judged.came
        WHEN judged.status = 'quiet' AND judged.direction = 1 AND judged.note IS NOT NULL
            THEN CONCAT(judged.came, ', as was expected: ', judged.note)
        WHEN judged.status = 'quiet'
            THEN CONCAT(judged.came, ', as in the {cool_down_days} days before')
        WHEN ABS(judged.score) >= {score}
            THEN CONCAT(judged.came, ', but less than {least_usd_shown} USD apart')
    END AS reason,
    judged.note AS event,
    {now} AS computed_at
FROM judged
