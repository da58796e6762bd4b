(
    -- The newest name of each customer.
    SELECT key, name
    FROM {serving_dimensions}
    WHERE dimension = 'customer'
    QUALIFY ROW_NUMBER() OVER (PARTITION BY key ORDER BY billing_period DESC, name) = 1
)
