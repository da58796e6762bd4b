-- At the price that the same model's input has in the same cloud and tier in the chosen time, where
-- more than a thousand tokens of input give it one. Keeping a cache is paid by the hour.
WITH used AS (
    SELECT
        parts.model AS model,
        CAST(
            SUM(CASE WHEN parts.token_type = 'input' THEN parts.token_cost ELSE 0 END) AS FLOAT64
        ) AS input_cost,
        CAST(
            SUM(CASE WHEN parts.token_type = 'input' THEN parts.tokens ELSE 0 END) AS FLOAT64
        ) AS input_tokens,
        CAST(
            SUM(
                CASE
                    WHEN parts.token_type IN ('cache_read', 'cache_write') THEN parts.tokens
                    ELSE 0
                END
            ) AS FLOAT64
        ) AS cache_tokens,
        CAST(
            SUM(
                CASE
                    WHEN parts.token_type IN ('cache_read', 'cache_write', 'cache_storage')
                        THEN parts.cost
                    ELSE 0
                END
            ) AS FLOAT64
        ) AS cache_cost
    FROM {used_tokens} AS parts
    GROUP BY parts.model, parts.cloud_provider, parts.service_tier
),

saved AS (
    SELECT
        used.model AS model,
        used.cache_tokens AS cache_tokens,
        used.cache_cost AS cache_cost,
        used.cache_tokens * used.input_cost / NULLIF(used.input_tokens, 0) AS uncached_cost
    FROM used
    WHERE used.cache_tokens > 0 AND used.input_tokens > 1000
)

SELECT
    saved.model AS model,
    SUM(saved.cache_tokens) AS cache_tokens,
    SUM(saved.uncached_cost) AS uncached_cost,
    SUM(saved.cache_cost) AS cache_cost,
    SUM(saved.uncached_cost - saved.cache_cost) AS cache_saving,
    SUM(saved.uncached_cost - saved.cache_cost) / NULLIF(SUM(saved.uncached_cost), 0)
        AS saving_share
FROM saved
GROUP BY saved.model
ORDER BY cache_saving DESC, model
