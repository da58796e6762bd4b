-- What a change comes from. For a thing that is counted (a cloud's model, token type, tier and unit)
-- and was used in both times: volume is the change of the amount at the old price, price is the rest.
-- What was used in one of them only is volume; what is not counted at all is neither.
WITH days AS (
    SELECT
        loads.cloud_provider AS cloud_provider,
        LEAST(loads.data_through, {until}) AS last_day,
        DATE_FROM_UNIX_DATE(
            2 * UNIX_DATE({since}) - UNIX_DATE(LEAST(loads.data_through, {until})) - 1
        ) AS before_since
    FROM {clouds_loaded} AS loads
    WHERE loads.data_through >= {since}
),

charged AS (
    SELECT
        costs.model AS model,
        costs.cloud_provider AS cloud_provider,
        costs.token_type AS token_type,
        costs.service_tier AS service_tier,
        costs.usage_unit AS usage_unit,
        costs.charge_type AS charge_type,
        CASE WHEN costs.date >= {since} THEN 1 ELSE 0 END AS is_now,
        costs.cost AS cost,
        costs.usage AS usage
    FROM {serving_daily_costs} AS costs
    INNER JOIN days
        ON days.cloud_provider = costs.cloud_provider
    WHERE
        costs.date >= days.before_since
        AND costs.date <= days.last_day
        AND costs.billing_period >= DATE_FROM_UNIX_DATE(
            2 * UNIX_DATE({since}) - UNIX_DATE({until}) - 62
        )
        AND costs.billing_period <= {until} + 31
        {picked}
),

parts AS (
    SELECT
        charged.model AS model,
        charged.cloud_provider AS cloud_provider,
        charged.token_type AS token_type,
        charged.service_tier AS service_tier,
        charged.usage_unit AS usage_unit,
        charged.charge_type AS charge_type,
        charged.is_now AS is_now,
        SUM(charged.cost) AS cost,
        SUM(charged.usage) AS usage
    FROM charged
    GROUP BY
        charged.model,
        charged.cloud_provider,
        charged.token_type,
        charged.service_tier,
        charged.usage_unit,
        charged.charge_type,
        charged.is_now
),

things AS (
    SELECT
        costs.model AS model,
        CAST(
            SUM(CASE WHEN costs.is_now = 1 AND {consumed} THEN costs.cost ELSE 0 END) AS FLOAT64
        ) AS cost,
        CAST(
            SUM(CASE WHEN costs.is_now = 0 AND {consumed} THEN costs.cost ELSE 0 END) AS FLOAT64
        ) AS previous_cost,
        CAST(
            SUM(
                CASE WHEN costs.is_now = 1 AND costs.charge_type = 'usage' THEN costs.usage ELSE 0 END
            ) AS FLOAT64
        ) AS amount,
        CAST(
            SUM(
                CASE WHEN costs.is_now = 0 AND costs.charge_type = 'usage' THEN costs.usage ELSE 0 END
            ) AS FLOAT64
        ) AS previous_amount
    FROM parts AS costs
    GROUP BY
        costs.model,
        costs.cloud_provider,
        costs.token_type,
        costs.service_tier,
        costs.usage_unit
    HAVING SUM(CASE WHEN {consumed} THEN 1 ELSE 0 END) > 0
)

SELECT
    things.model AS model,
    SUM(things.previous_cost) AS cost_before,
    SUM(things.cost) AS cost,
    SUM(things.cost - things.previous_cost) AS cost_change,
    SUM(
        CASE
            WHEN things.amount > 0 AND things.previous_amount > 0
                THEN
                    (things.amount - things.previous_amount)
                    * things.previous_cost / things.previous_amount
            WHEN things.amount > 0 OR things.previous_amount > 0
                THEN things.cost - things.previous_cost
            ELSE 0.0
        END
    ) AS volume_effect,
    -- What is left by arithmetic of floats alone is no effect.
    ROUND(
        SUM(
            CASE
                WHEN things.amount > 0 AND things.previous_amount > 0
                    THEN things.cost - things.previous_cost * things.amount / things.previous_amount
                ELSE 0.0
            END
        ),
        6
    ) AS price_effect,
    SUM(
        CASE
            WHEN things.amount > 0 OR things.previous_amount > 0 THEN 0.0
            ELSE things.cost - things.previous_cost
        END
    ) AS other_effect
FROM things
GROUP BY things.model
ORDER BY ABS(SUM(things.cost - things.previous_cost)) DESC, model
LIMIT 20
