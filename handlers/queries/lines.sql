-- Archived bill lines under the record's names, cut and filled as handlers/load/facts.sql does, so
-- that one selection fits the rows of the table and the lines they were made of.
-- %s stands for the relation of the archive's files; the table archives says whose each file is.
-- cut(text, n) is a macro of handlers/load/stage.py.

-- statement: archived_lines
CREATE OR REPLACE TEMP VIEW archived_lines AS
WITH archived AS (
    SELECT archives.* EXCLUDE (file), lines.*
    FROM %s AS lines
    JOIN archives ON archives.file = lines.filename
    WHERE lines.is_ai
),
charged AS (
    SELECT * FROM archived
    UNION ALL BY NAME
    -- The unused part of a commitment stands in the line of its fee and is a row of its own.
    SELECT * REPLACE ('idle' AS charge_type, 0 AS quantity, 0 AS cost, idle AS effective)
    FROM archived
    WHERE idle <> 0
)
SELECT
    usage_date AS date,
    usage_hour AS hour,
    cloud_provider,
    cut(COALESCE(service, ''), 200) AS service,
    cut(COALESCE(sku, ''), 500) AS sku_description,
    description,
    cut(model, 100) AS model,
    token_type,
    service_tier,
    quantity,
    cut(unit, 40) AS pricing_unit,
    cost,
    effective,
    currency AS billing_currency,
    charge_type,
    cut(customer_id, 256) AS customer_id,
    cut(project_id, 256) AS project_id,
    cut(COALESCE(account_id, ''), 60) AS account_id,
    cut(COALESCE(NULLIF(region, ''), 'global'), 40) AS region,
    scope,
    billing_period,
    cut(sku_id, 100) AS sku_id,
    cut(resource_id, 400) AS resource_id,
    cut(invoice_id, 100) AS invoice_id,
    cut(billing_entity, 100) AS billing_entity,
    tags,
    rule_id,
    attribution_rule,
    line_file,
    line_id,
    archive,
    load_id
FROM charged;
