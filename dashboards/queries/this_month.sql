(
    -- Of each cloud the month so far: its first day, the last complete one, how many that are and
    -- how many the month has. The month is that of the newest complete day in the chosen time.
    SELECT
        known.cloud_provider AS cloud_provider,
        known.first_day AS first_day,
        known.last_day AS last_day,
        UNIX_DATE(known.last_day) - UNIX_DATE(known.first_day) + 1 AS days,
        UNIX_DATE(LAST_DAY(known.first_day)) - UNIX_DATE(known.first_day) + 1 AS days_of_month
    FROM (
        SELECT
            loads.cloud_provider AS cloud_provider,
            LEAST(loads.data_through, {until}) AS last_day,
            DATE_ADD(
                LAST_DAY(
                    DATE_SUB(MAX(LEAST(loads.data_through, {until})) OVER (), INTERVAL 1 MONTH)
                ),
                INTERVAL 1 DAY
            ) AS first_day
        FROM {clouds_loaded} AS loads
        WHERE loads.data_through IS NOT NULL
    ) AS known
)
