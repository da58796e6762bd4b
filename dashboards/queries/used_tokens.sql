(
    -- What was consumed, by model, cloud, tier and token type: its dollars, those of them that are
    -- counted in tokens, and the tokens. Added up first by everything that is asked for, so that
    -- conditions are looked at in a few hundred rows and not in each of the table.
    SELECT
        costs.model AS model,
        costs.cloud_provider AS cloud_provider,
        costs.service_tier AS service_tier,
        costs.token_type AS token_type,
        SUM(CASE WHEN {consumed} THEN costs.cost ELSE 0 END) AS cost,
        SUM(CASE WHEN {consumed} AND costs.usage_unit = 'tokens' THEN costs.cost ELSE 0 END)
            AS token_cost,
        SUM(CASE WHEN {counts_tokens} THEN costs.usage ELSE 0 END) AS tokens
    FROM (
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
    ) AS costs
    GROUP BY costs.model, costs.cloud_provider, costs.service_tier, costs.token_type
)
