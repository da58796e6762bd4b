-- Added up first by everything that is asked for, so that conditions are looked at in a few hundred
-- rows and not in each of the table.
WITH charged AS (
    SELECT
        costs.model AS model,
        costs.token_type AS token_type,
        costs.usage_unit AS usage_unit,
        costs.charge_type AS charge_type,
        SUM(costs.cost) AS cost,
        SUM(costs.usage) AS usage
    FROM {serving_daily_costs} AS costs
    WHERE
        {in_range}
        {picked}
    GROUP BY costs.model, costs.token_type, costs.usage_unit, costs.charge_type
),

parts AS (
    SELECT
        costs.model AS model,
        costs.token_type AS token_type,
        SUM(costs.cost) AS cost,
        SUM(CASE WHEN {counts_tokens} THEN costs.usage ELSE 0 END) AS tokens
    FROM charged AS costs
    WHERE {consumed}
    GROUP BY costs.model, costs.token_type
)

SELECT
    parts.model AS model,
    SUM(CASE WHEN parts.token_type = 'input' THEN parts.cost ELSE 0 END) AS input_cost,
    SUM(CASE WHEN parts.token_type = 'output' THEN parts.cost ELSE 0 END) AS output_cost,
    SUM(
        CASE
            WHEN parts.token_type IN ('cache_read', 'cache_write', 'cache_storage') THEN parts.cost
            ELSE 0
        END
    ) AS cache_cost,
    SUM(
        CASE
            WHEN
                parts.token_type NOT IN (
                    'input', 'output', 'cache_read', 'cache_write', 'cache_storage'
                )
                THEN parts.cost
            ELSE 0
        END
    ) AS other_cost,
    SUM(CASE WHEN parts.token_type = 'input' THEN parts.tokens ELSE 0 END) AS input_tokens,
    SUM(CASE WHEN parts.token_type = 'output' THEN parts.tokens ELSE 0 END) AS output_tokens,
    SUM(
        CASE
            WHEN parts.token_type IN ('cache_read', 'cache_write') THEN parts.tokens
            ELSE 0
        END
    ) AS cache_tokens
FROM parts
GROUP BY parts.model
ORDER BY SUM(parts.cost) DESC, model
LIMIT 10
