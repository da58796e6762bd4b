-- Only above a thousand tokens: below, a rounded cent makes a price.
-- Added up first by everything that is asked for, so that conditions are looked at in a few hundred
-- rows and not in each of the table.
WITH parts AS (
    SELECT
        costs.model AS model,
        costs.cloud_provider AS cloud_provider,
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
        costs.token_type,
        costs.usage_unit,
        costs.charge_type
),

used AS (
    SELECT
        costs.model AS model,
        costs.cloud_provider AS cloud,
        costs.token_type AS token_type,
        CAST(
            SUM(
                CASE WHEN {consumed} AND costs.usage_unit = 'tokens' THEN costs.cost ELSE 0 END
            ) AS FLOAT64
        )
        / CAST(SUM(CASE WHEN {counts_tokens} THEN costs.usage ELSE 0 END) AS FLOAT64) AS price
    FROM parts AS costs
    GROUP BY costs.model, costs.cloud_provider, costs.token_type
    HAVING SUM(CASE WHEN {counts_tokens} THEN costs.usage ELSE 0 END) > 1000
),

prices AS (
    SELECT
        used.model AS model,
        used.cloud AS cloud,
        MAX(CASE WHEN used.token_type = 'input' THEN used.price END) AS input,
        MAX(CASE WHEN used.token_type = 'output' THEN used.price END) AS output,
        MAX(CASE WHEN used.token_type = 'cache_read' THEN used.price END) AS cache_read,
        MAX(CASE WHEN used.token_type = 'cache_write' THEN used.price END) AS cache_write
    FROM used
    GROUP BY used.model, used.cloud
)

SELECT
    prices.model AS model,
    prices.cloud AS cloud,
    1000 * prices.input AS input_per_1k,
    1000 * prices.output AS output_per_1k,
    1000 * prices.cache_read AS cache_read_per_1k,
    1000 * prices.cache_write AS cache_write_per_1k,
    1000000 * prices.input AS input_per_1m,
    1000000 * prices.output AS output_per_1m,
    1000000 * prices.cache_read AS cache_read_per_1m,
    1000000 * prices.cache_write AS cache_write_per_1m
FROM prices
WHERE COALESCE(prices.input, prices.output, prices.cache_read, prices.cache_write) IS NOT NULL
ORDER BY model, cloud
