-- What two loads of one id wrote, where it is not the same to the last decimal. A group that one
-- path has not is null on its side.
WITH
    hub AS (
        SELECT * FROM {load_digests}
        WHERE warehouse = {hub} AND load_id IN ({loads})
    ),
    native AS (
        SELECT * FROM {load_digests}
        WHERE warehouse IN ({native}) AND load_id IN ({loads})
    )
SELECT
    COALESCE(hub.load_id, native.load_id) AS load_id,
    COALESCE(hub.model, native.model) AS model,
    COALESCE(hub.token_type, native.token_type) AS token_type,
    COALESCE(hub.customer_key, native.customer_key) AS customer_key,
    hub.rows AS hub_rows,
    hub.usage_amount AS hub_usage,
    hub.cost_usd AS hub_cost,
    hub.gross_cost_usd AS hub_gross,
    native.rows AS native_rows,
    native.usage_amount AS native_usage,
    native.cost_usd AS native_cost,
    native.gross_cost_usd AS native_gross
FROM hub
FULL OUTER JOIN native
    ON native.load_id = hub.load_id
    AND native.billing_period = hub.billing_period
    AND native.model = hub.model
    AND native.token_type = hub.token_type
    AND native.customer_key = hub.customer_key
WHERE
    hub.load_id IS NULL
    OR native.load_id IS NULL
    OR hub.rows <> native.rows
    OR hub.usage_amount <> native.usage_amount
    OR hub.cost_usd <> native.cost_usd
    OR hub.gross_cost_usd <> native.gross_cost_usd
    OR hub.billing_cost <> native.billing_cost
ORDER BY
    ABS(COALESCE(hub.cost_usd, 0) - COALESCE(native.cost_usd, 0)) DESC,
    load_id, model, token_type, customer_key
