-- Only above a thousand tokens: below, a rounded cent makes a price.
WITH priced AS (
    SELECT
        used.model AS model,
        used.cloud_provider AS cloud,
        used.token_type AS token_type,
        CAST(SUM(used.token_cost) AS FLOAT64) / CAST(SUM(used.tokens) AS FLOAT64) AS price
    FROM {used_tokens} AS used
    GROUP BY used.model, used.cloud_provider, used.token_type
    HAVING SUM(used.tokens) > 1000
),

prices AS (
    SELECT
        priced.model AS model,
        priced.cloud AS cloud,
        MAX(CASE WHEN priced.token_type = 'input' THEN priced.price END) AS input,
        MAX(CASE WHEN priced.token_type = 'output' THEN priced.price END) AS output,
        MAX(CASE WHEN priced.token_type = 'cache_read' THEN priced.price END) AS cache_read,
        MAX(CASE WHEN priced.token_type = 'cache_write' THEN priced.price END) AS cache_write
    FROM priced
    GROUP BY priced.model, priced.cloud
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
