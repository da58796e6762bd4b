SELECT
    costs.model AS model,
    SUM(CASE WHEN costs.token_type = 'input' THEN costs.cost ELSE 0 END) AS input_cost,
    SUM(CASE WHEN costs.token_type = 'output' THEN costs.cost ELSE 0 END) AS output_cost,
    SUM(
        CASE
            WHEN costs.token_type IN ('cache_read', 'cache_write', 'cache_storage') THEN costs.cost
            ELSE 0
        END
    ) AS cache_cost,
    SUM(
        CASE
            WHEN
                costs.token_type NOT IN (
                    'input', 'output', 'cache_read', 'cache_write', 'cache_storage'
                )
                THEN costs.cost
            ELSE 0
        END
    ) AS other_cost,
    SUM(
        CASE
            WHEN costs.token_type = 'input' AND {counts_tokens} THEN costs.usage ELSE 0
        END
    ) AS input_tokens,
    SUM(
        CASE
            WHEN costs.token_type = 'output' AND {counts_tokens} THEN costs.usage ELSE 0
        END
    ) AS output_tokens,
    SUM(
        CASE
            WHEN costs.token_type IN ('cache_read', 'cache_write') AND {counts_tokens}
                THEN costs.usage
            ELSE 0
        END
    ) AS cache_tokens
FROM {serving_daily_costs} AS costs
WHERE
    {consumed}
    AND {in_range}
    {picked}
GROUP BY costs.model
ORDER BY SUM(costs.cost) DESC, model
LIMIT 10
