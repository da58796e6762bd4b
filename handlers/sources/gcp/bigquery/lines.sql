-- From the export to the lines of one bill: those that may be AI whole, the rest added up. They
-- have the columns of handlers/lines.py, read as handlers/sources/gcp/layout.py reads files.

-- statement: cells
-- The cells of the bill's rows that more than one column needs.
SELECT
    *,
    amount(cost) AS own_cost,
    (
        SELECT IF(
            COUNT(*) = COUNT(amount(credit.amount)),
            COALESCE(SUM(amount(credit.amount)), 0),
            NULL
        )
        FROM UNNEST(credits) AS credit
    ) AS credit,
    rounded(amount(currency_conversion_rate)) AS stated_rate,
    CASE
        WHEN NULLIF(cost_type, '') IS NULL THEN NULL
        WHEN cost_type = 'adjustment' AND adjustment_info.type IN ({adjustment_credits})
            THEN {credit}
        {charge_types}
        ELSE {adjustment}
    END AS charge_type
FROM {export}

-- statement: lines
-- The bill's lines. An empty text is none.
SELECT
    DATE(usage_start_time, 'UTC') AS usage_date,
    IF(
        TIMESTAMP_DIFF(usage_end_time, usage_start_time, MICROSECOND) <= 3600000000,
        EXTRACT(HOUR FROM usage_start_time AT TIME ZONE 'UTC'),
        NULL
    ) AS usage_hour,
    NULLIF(service.id, '') AS service_id,
    NULLIF(service.description, '') AS service,
    COALESCE(sku.description, '') AS sku,
    NULLIF(sku.id, '') AS description,
    NULLIF(sku.id, '') AS sku_id,
    NULLIF(usage.unit, '') AS unit,
    COALESCE(NULLIF(seller_name, ''), 'Google') AS billing_entity,
    NULLIF(cost_type, '') AS line_type,
    charge_type,
    NULLIF(project.id, '') AS account_id,
    COALESCE(NULLIF(location.region, ''), NULLIF(location.location, '')) AS region,
    COALESCE(NULLIF(resource.global_name, ''), NULLIF(resource.name, '')) AS resource_id,
    NULLIF(currency, '') AS currency,
    IF(currency = 'USD', COALESCE(stated_rate, 1), stated_rate) AS rate,
    IF(usage.amount IS NULL, 0, amount(usage.amount)) AS quantity,
    own_cost + credit AS cost,
    IF(charge_type = {credit}, 0, own_cost) AS gross,
    amount(cost_at_list) AS list_cost,
    labels,
    project,
    tags,
    system_labels,
    currency_conversion_rate,
    cost_at_list{passed}
FROM ({cells})

-- statement: fault
-- The first column of a line that may be AI that can't be understood.
CASE
    WHEN usage_date IS NULL THEN 'usage_start_time'
    WHEN cost IS NULL OR gross IS NULL THEN 'cost'
    WHEN charge_type IS NULL THEN 'cost_type'
    WHEN currency IS NULL THEN 'currency'
    WHEN quantity IS NULL THEN 'usage'
    WHEN currency_conversion_rate IS NOT NULL AND NOT COALESCE(rate > 0, FALSE)
        THEN 'currency_conversion_rate'
    WHEN cost_at_list IS NOT NULL AND list_cost IS NULL THEN 'cost_at_list'
    -- Google closes a month by Pacific time, eight hours after UTC.
    WHEN charge_type = {usage}
        AND usage_date > DATE_ADD(LAST_DAY(CAST(@period AS DATE)), INTERVAL 1 DAY)
        THEN 'usage_start_time'
END

-- statement: bill_lines
-- The lines that may be AI, or this product itself. fault is the first column that can't be
-- understood. Labels are those of the resource, then of its project, then tags, then Google's own;
-- of a key that repeats, the first value that is not empty counts.
WITH labelled AS (
    SELECT
        *,
        ARRAY(
            SELECT AS STRUCT
                label.key,
                ARRAY_AGG(label.value ORDER BY place LIMIT 1)[OFFSET(0)] AS value
            FROM UNNEST(ARRAY_CONCAT(
                ARRAY(SELECT AS STRUCT key, value FROM UNNEST(labels) WITH OFFSET AS n ORDER BY n),
                ARRAY(
                    SELECT AS STRUCT key, value
                    FROM UNNEST(project.labels) WITH OFFSET AS n
                    ORDER BY n
                ),
                ARRAY(SELECT AS STRUCT key, value FROM UNNEST(tags) WITH OFFSET AS n ORDER BY n),
                ARRAY(
                    SELECT AS STRUCT key, value
                    FROM UNNEST(system_labels) WITH OFFSET AS n
                    ORDER BY n
                )
            )) AS label WITH OFFSET AS place
            WHERE label.key <> '' AND label.value <> ''
            GROUP BY label.key
            ORDER BY MIN(place)
        ) AS all_labels
    FROM ({lines})
    WHERE {candidate}
)

SELECT
    @origin AS line_file,
    CAST(NULL AS STRING) AS line_id,
    usage_date,
    usage_hour,
    service_id,
    service,
    sku,
    description,
    sku_id,
    unit,
    billing_entity,
    line_type,
    charge_type,
    account_id,
    region,
    resource_id,
    CAST(NULL AS STRING) AS resource_group,
    (
        SELECT
            '{' || STRING_AGG(TO_JSON_STRING(key) || ':' || TO_JSON_STRING(value), ',' ORDER BY n)
            || '}'
        FROM UNNEST(all_labels) WITH OFFSET AS n
    ) AS tags,
    CAST(NULL AS STRING) AS invoice_id,
    currency,
    rate,
    quantity,
    cost,
    gross,
    CAST(NULL AS BIGNUMERIC) AS effective,
    list_cost,
    CAST(NULL AS BIGNUMERIC) AS cost_usd,
    CAST(NULL AS BIGNUMERIC) AS effective_usd,
    CAST(NULL AS BIGNUMERIC) AS list_usd,
    CAST(NULL AS BIGNUMERIC) AS idle,
    tag_value(all_labels, @customer_keys) AS customer_tag,
    tag_value(all_labels, @project_keys) AS project_tag,
    COALESCE(tag_value(all_labels, ['managed-by']) = @platform_label, FALSE) AS is_platform,
    {fault} AS fault
FROM labelled

-- statement: left_out
-- What the other lines cost per service, seller, day and kind of charge.
SELECT
    service_id,
    service,
    billing_entity,
    currency,
    usage_date,
    charge_type,
    CAST(NULL AS STRING) AS invoice_id,
    COUNT(*) AS line_count,
    COALESCE(SUM(cost), 0) AS cost,
    COUNTIF(cost IS NULL OR usage_date IS NULL) AS unreadable
FROM (
    SELECT * REPLACE (COALESCE(charge_type, {adjustment}) AS charge_type)
    FROM ({lines})
    WHERE NOT ({candidate})
)
GROUP BY service_id, service, billing_entity, currency, usage_date, charge_type

-- statement: whole
-- The second reader: all rows of the bill, as Google wrote them. It shares with the first only what
-- an amount is: no label, no rule, no grouping can lose a row or count one twice here.
SELECT
    (SELECT COUNT(*) FROM {export}) AS line_count,
    (SELECT COALESCE(SUM(amount(cost)), 0) FROM {export}) + (
        SELECT COALESCE(SUM(amount(credit.amount)), 0)
        FROM {export} AS bill, UNNEST(bill.credits) AS credit
    ) AS cost
