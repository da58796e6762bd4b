-- From bill_lines to staged_lines: every line with what the catalog, the site and the rates say.
-- Distinct SKUs, tags and owners are looked at once and joined back.

-- statement: skus
CREATE OR REPLACE TEMP TABLE skus AS
SELECT DISTINCT service_id, service, sku, description, unit, billing_entity
FROM bill_lines;

-- statement: tag_values
-- A key is compared without the cloud's own prefix, as tag_key spells it; the first of a repeated
-- key that has a value wins.
CREATE OR REPLACE TEMP TABLE tag_values AS
SELECT
    tags,
    tag_key(regexp_replace(entry.key, '^(resource_?tags[/_])?(user[:_])?', '', 'i')) AS key,
    arg_min(entry.value ->> '$', entry.id) AS value
FROM (SELECT DISTINCT tags FROM bill_lines WHERE tags IS NOT NULL) AS tagged,
    json_each(tagged.tags) AS entry
WHERE trim(entry.value ->> '$') <> ''
GROUP BY ALL;

-- statement: owners
CREATE OR REPLACE TEMP TABLE owners AS
SELECT
    tags,
    arg_min(value, customer.position) FILTER (customer.position IS NOT NULL) AS customer_tag,
    arg_min(value, project.position) FILTER (project.position IS NOT NULL) AS project_tag,
    bool_or(tag_values.key = tag_key('managed-by') AND value = $platform_label) AS is_platform
FROM tag_values
LEFT JOIN tag_keys AS customer ON customer.kind = 'customer' AND customer.key = tag_values.key
LEFT JOIN tag_keys AS project ON project.kind = 'project' AND project.key = tag_values.key
GROUP BY tags;

-- statement: attribution_input
CREATE OR REPLACE TEMP TABLE attribution_input AS
SELECT DISTINCT
    $cloud AS cloud_provider,
    usage_date,
    customer_tag,
    project_tag,
    resource_id,
    account_id,
    resource_group
FROM bill_lines
LEFT JOIN owners ON owners.tags = bill_lines.tags;

-- statement: staged_lines
-- No temporary table, which only its own connection could see: another writes the archive from it.
CREATE OR REPLACE TABLE staged_lines AS
SELECT
    bill_lines.*,
    owners.customer_tag,
    owners.project_tag,
    COALESCE(owners.is_platform, FALSE) AS is_platform,
    named.is_ai AND NOT COALESCE(owners.is_platform, FALSE) AS is_ai,
    named.model,
    named.token_type,
    named.model_developer,
    named.service_tier,
    named.usage_unit,
    named.unit_size,
    named.rule_id,
    attributed.customer_id,
    attributed.project_id,
    attributed.attribution_rule,
    CASE
        WHEN bill_lines.currency = 'USD' THEN 1
        WHEN bill_lines.cost_usd IS NOT NULL THEN NULL
        ELSE COALESCE(bill_lines.rate, site_rates.rate)
    END AS usd_rate
FROM bill_lines
LEFT JOIN owners ON owners.tags = bill_lines.tags
JOIN named
    ON named.service_id IS NOT DISTINCT FROM bill_lines.service_id
    AND named.service IS NOT DISTINCT FROM bill_lines.service
    AND named.sku IS NOT DISTINCT FROM bill_lines.sku
    AND named.description IS NOT DISTINCT FROM bill_lines.description
    AND named.unit IS NOT DISTINCT FROM bill_lines.unit
    AND named.billing_entity IS NOT DISTINCT FROM bill_lines.billing_entity
JOIN attributed
    ON attributed.usage_date = bill_lines.usage_date
    AND attributed.customer_tag IS NOT DISTINCT FROM owners.customer_tag
    AND attributed.project_tag IS NOT DISTINCT FROM owners.project_tag
    AND attributed.resource_id IS NOT DISTINCT FROM bill_lines.resource_id
    AND attributed.account_id IS NOT DISTINCT FROM bill_lines.account_id
    AND attributed.resource_group IS NOT DISTINCT FROM bill_lines.resource_group
LEFT JOIN site_rates ON site_rates.currency = bill_lines.currency;
