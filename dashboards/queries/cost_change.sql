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

things AS (
    SELECT
        costs.model AS model,
        CAST(SUM(CASE WHEN costs.date >= {since} THEN costs.cost ELSE 0 END) AS FLOAT64) AS cost,
        CAST(SUM(CASE WHEN costs.date < {since} THEN costs.cost ELSE 0 END) AS FLOAT64)
            AS previous_cost,
        CAST(
            SUM(
                CASE
                    WHEN costs.date >= {since} AND costs.charge_type = 'usage' THEN costs.usage
                    ELSE 0
                END
            ) AS FLOAT64
        ) AS amount,
        CAST(
            SUM(
                CASE
                    WHEN costs.date < {since} AND costs.charge_type = 'usage' THEN costs.usage
                    ELSE 0
                END
            ) AS FLOAT64
        ) AS previous_amount
    FROM {serving_daily_costs} AS costs
    INNER JOIN days
        ON days.cloud_provider = costs.cloud_provider
    WHERE
        {consumed}
        AND costs.date >= days.before_since
        AND costs.date <= days.last_day
        AND costs.billing_period >= DATE_FROM_UNIX_DATE(
            2 * UNIX_DATE({since}) - UNIX_DATE({until}) - 62
        )
        AND costs.billing_period <= {until} + 31
        {picked}
    GROUP BY
        costs.model,
        costs.cloud_provider,
        costs.token_type,
        costs.service_tier,
        costs.usage_unit
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
    SUM(
        CASE
            WHEN things.amount > 0 AND things.previous_amount > 0
                THEN things.cost - things.previous_cost * things.amount / things.previous_amount
            ELSE 0.0
        END
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
