(
    -- Of each bill that two paths load the newest comparison, up to the end of the chosen time.
    SELECT
        kept.cloud_provider AS cloud_provider,
        kept.scope AS scope,
        kept.billing_period AS billing_period,
        kept.checked_at AS checked_at,
        CASE
            WHEN kept.status = 'in_transit' AND kept.compared_load_id IS NULL THEN 'never compared'
            WHEN kept.status = 'in_transit' THEN 'in transit'
            ELSE kept.status
        END AS state,
        kept.hub_cost_usd AS hub_cost,
        kept.native_cost_usd AS native_cost,
        COALESCE(kept.native_cost_usd, 0) - COALESCE(kept.hub_cost_usd, 0) AS path_difference
    FROM {parity} AS kept
    WHERE
        kept.model IS NULL
        AND DIV(UNIX_SECONDS(kept.checked_at), 86400) <= UNIX_DATE({until})
    QUALIFY
        ROW_NUMBER() OVER (
            PARTITION BY kept.cloud_provider, kept.scope, kept.billing_period
            ORDER BY kept.checked_at DESC
        ) = 1
)
