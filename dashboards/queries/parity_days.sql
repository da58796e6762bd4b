-- As handlers.parity.green_days counts them: of each day the last comparison of the cloud counts, and
-- a day without one ends the row. The last day of the chosen time counts once it was compared.
WITH checks AS (
    SELECT
        kept.cloud_provider AS cloud_provider,
        kept.checked_at AS checked_at,
        DIV(UNIX_SECONDS(kept.checked_at), 86400) AS day,
        MIN(
            CASE
                WHEN kept.status <> 'different' AND kept.compared_load_id IS NOT NULL THEN 1
                ELSE 0
            END
        ) AS agrees
    FROM {parity} AS kept
    WHERE
        kept.model IS NULL
        AND DIV(UNIX_SECONDS(kept.checked_at), 86400) <= UNIX_DATE({until})
        AND DIV(UNIX_SECONDS(kept.checked_at), 86400) >= UNIX_DATE({until}) - 100
        AND ('__all' IN ({clouds}) OR kept.cloud_provider IN ({clouds}))
    GROUP BY kept.cloud_provider, kept.checked_at
),

days AS (
    SELECT
        checks.cloud_provider AS cloud_provider,
        checks.checked_at AS checked_at,
        checks.day AS day,
        checks.agrees AS agrees
    FROM checks
    WHERE TRUE
    QUALIFY
        ROW_NUMBER() OVER (
            PARTITION BY checks.cloud_provider, checks.day ORDER BY checks.checked_at DESC
        ) = 1
),

-- Days in a row have the same sum of day and place.
green AS (
    SELECT
        days.cloud_provider AS cloud_provider,
        days.day AS day,
        ROW_NUMBER() OVER (PARTITION BY days.cloud_provider ORDER BY days.day DESC) AS place
    FROM days
    WHERE days.agrees = 1
),

newest AS (
    SELECT
        days.cloud_provider AS cloud_provider,
        MAX(days.checked_at) AS checked_at,
        CASE
            WHEN MAX(days.day) = UNIX_DATE({until}) THEN UNIX_DATE({until})
            ELSE UNIX_DATE({until}) - 1
        END AS day
    FROM days
    GROUP BY days.cloud_provider
)

SELECT
    newest.cloud_provider AS cloud,
    COUNT(green.day) AS green_days,
    {parity_days} AS wanted_days,
    CASE WHEN COUNT(green.day) >= {parity_days} THEN 'long enough' ELSE 'not yet' END AS verdict,
    newest.checked_at AS last_compared
FROM newest
LEFT JOIN green
    ON green.cloud_provider = newest.cloud_provider
    AND green.day + green.place = newest.day + 1
GROUP BY newest.cloud_provider, newest.checked_at
ORDER BY cloud
