-- At the price that the same model's input has in the same cloud and tier in the chosen time, where
-- more than a thousand tokens of input give it one. Keeping a cache is paid by the hour.
-- Added up first by everything that is asked for, so that conditions are looked at in a few hundred
-- rows and not in each of the table.
WITH parts AS (
    SELECT
        costs.model AS model,
        costs.cloud_provider AS cloud_provider,
        costs.service_tier AS service_tier,
        costs.token_type AS token_type,
        costs.usage_unit AS usage_unit,
        costs.charge_type AS charge_type,
        SUM(costs.cost) AS cost,
        SUM(costs.usage) AS usage
    FROM {serving_daily_costs} AS costs
    WHERE
        {in_range}
        {picked}
    GROUP BY
        costs.model,
        costs.cloud_provider,
        costs.service_tier,
        costs.token_type,
        costs.usage_unit,
        costs.charge_type
),

used AS (
    SELECT
        costs.model AS model,
        CAST(
            SUM(
                CASE
                    WHEN {consumed} AND costs.token_type = 'input' AND costs.usage_unit = 'tokens'
                        THEN costs.cost
                    ELSE 0
                END
            ) AS FLOAT64
        ) AS input_cost,
        CAST(
            SUM(
                CASE WHEN costs.token_type = 'input' AND {counts_tokens} THEN costs.usage ELSE 0 END
            ) AS FLOAT64
        ) AS input_tokens,
        CAST(
            SUM(
                CASE
                    WHEN costs.token_type IN ('cache_read', 'cache_write') AND {counts_tokens}
                        THEN costs.usage
                    ELSE 0
                END
            ) AS FLOAT64
        ) AS cache_tokens,
        CAST(
            SUM(
                CASE
                    WHEN
                        {consumed}
                        AND costs.token_type IN ('cache_read', 'cache_write', 'cache_storage')
                        THEN costs.cost
                    ELSE 0
                END
            ) AS FLOAT64
        ) AS cache_cost
    FROM parts AS costs
    GROUP BY costs.model, costs.cloud_provider, costs.service_tier
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
