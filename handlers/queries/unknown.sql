-- What the catalog does not name. %s is the selection (over cloud_provider and billing_period) or,
-- in archived_skus, the relation of the archive's files; archives says whose each file is.

-- statement: nameless_rows
SELECT
    cloud_provider,
    service,
    sku_description,
    model,
    token_type,
    rule_id,
    sum(cost_usd) AS cost_usd
FROM llm_costs
WHERE (rule_id IS NULL OR model = 'unknown' OR token_type = 'unknown') AND %s
GROUP BY ALL
ORDER BY cost_usd DESC, cloud_provider, service, sku_description, model, token_type, rule_id;

-- statement: loads
SELECT load_id FROM llm_costs WHERE %s UNION SELECT load_id FROM left_out_costs WHERE %s;

-- statement: archived_skus
CREATE OR REPLACE TEMP TABLE archived_skus AS
SELECT
    cloud_provider,
    is_ai,
    model,
    token_type,
    rule_id,
    COALESCE(service_id, '') AS service_id,
    COALESCE(lines.service, '') AS service,
    COALESCE(sku, '') AS sku,
    COALESCE(description, '') AS description,
    COALESCE(unit, '') AS unit,
    COALESCE(billing_entity, '') AS billing_entity,
    cut(COALESCE(lines.service, ''), 200) AS row_service,
    cut(COALESCE(sku, ''), 500) AS row_sku,
    count(*) AS line_count
FROM %s AS lines
JOIN archives ON archives.file = lines.filename
GROUP BY ALL;
