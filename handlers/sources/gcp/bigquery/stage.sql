-- From bill_lines to staged_lines: every line with what the catalog, the site and the rates say.
-- The meaning is that of handlers/load/stage.sql and handlers/site/attribution.sql, where the cloud
-- is Google: its bill has no resource groups, its names keep their case, and a map of a project
-- looks at the same project as one of an account.

-- statement: skus
SELECT DISTINCT service_id, service, sku, description, unit, billing_entity
FROM {bill_lines}

-- statement: named
{classification}

-- statement: attributed
WITH combination AS (
    SELECT DISTINCT
        usage_date,
        COALESCE(customer_tag, '') AS customer_tag,
        COALESCE(project_tag, '') AS project_tag,
        COALESCE(resource_id, '') AS resource_id,
        COALESCE(account_id, '') AS account_id
    FROM {bill_lines}
),

maps AS (
    SELECT
        CAST(@map_positions[OFFSET(n)] AS INT64) AS position,
        match,
        @map_exacts[OFFSET(n)] AS exact,
        @map_regexes[OFFSET(n)] AS regex,
        @map_customers[OFFSET(n)] AS customer,
        CAST(@map_first_days[OFFSET(n)] AS DATE) AS first_day,
        CAST(@map_last_days[OFFSET(n)] AS DATE) AS last_day
    FROM UNNEST(@map_matches) AS match WITH OFFSET AS n
),

-- Every id and alias of every customer, with the days on which it means that customer.
names AS (
    SELECT
        name,
        @name_customers[OFFSET(n)] AS customer_id,
        CAST(@name_first_days[OFFSET(n)] AS DATE) AS first_day,
        CAST(@name_last_days[OFFSET(n)] AS DATE) AS last_day
    FROM UNNEST(@name_names) AS name WITH OFFSET AS n
),

-- What a map can look at, where no tag names a customer.
subject AS (
    SELECT DISTINCT usage_date, resource_id, account_id, looked.match, looked.value
    FROM combination, UNNEST([
        STRUCT('resource' AS match, trimmed(resource_id) AS value),
        STRUCT('account', trimmed(account_id)),
        STRUCT('project', trimmed(account_id))
    ]) AS looked
    WHERE trimmed(customer_tag) IS NULL AND looked.value IS NOT NULL
),

-- What each map says of each distinct value: a regular expression is tried once per value.
answer AS (
    SELECT value.match, value.value, maps.position, maps.first_day, maps.last_day, maps.customer
    FROM (SELECT DISTINCT match, value FROM subject) AS value
    JOIN maps ON maps.match = value.match AND maps.exact = value.value
    UNION ALL
    SELECT
        value.match,
        value.value,
        maps.position,
        maps.first_day,
        maps.last_day,
        trimmed(REGEXP_EXTRACT(value.value, maps.regex)) AS customer
    FROM (SELECT DISTINCT match, value FROM subject) AS value
    JOIN maps ON maps.match = value.match AND maps.regex <> ''
),

-- The first map, in the file's order, that is valid on the day.
mapped AS (
    SELECT
        subject.usage_date,
        subject.resource_id,
        subject.account_id,
        answer.position,
        answer.customer
    FROM subject
    JOIN answer ON answer.match = subject.match AND answer.value = subject.value
    WHERE
        subject.usage_date BETWEEN answer.first_day AND answer.last_day
        AND answer.customer IS NOT NULL
    QUALIFY ROW_NUMBER() OVER (
        PARTITION BY subject.usage_date, subject.resource_id, subject.account_id
        ORDER BY answer.position
    ) = 1
),

spoken AS (
    SELECT
        combination.*,
        mapped.position,
        COALESCE(trimmed(combination.customer_tag), mapped.customer) AS name
    FROM combination
    LEFT JOIN mapped
        ON mapped.usage_date = combination.usage_date
        AND mapped.resource_id = combination.resource_id
        AND mapped.account_id = combination.account_id
        AND trimmed(combination.customer_tag) IS NULL
),

-- A name exactly as a customer has it wins; else the one customer that has it in another case.
canonical AS (
    SELECT
        spoken.name,
        spoken.usage_date,
        COALESCE(
            MAX(IF(names.name = spoken.name, names.customer_id, NULL)),
            IF(COUNT(DISTINCT names.customer_id) = 1, MAX(names.customer_id), NULL)
        ) AS customer_id
    FROM (SELECT DISTINCT name, usage_date FROM spoken) AS spoken
    JOIN names ON LOWER(names.name) = LOWER(spoken.name)
    WHERE spoken.usage_date BETWEEN names.first_day AND names.last_day
    GROUP BY spoken.name, spoken.usage_date
),

named AS (
    SELECT
        spoken.*,
        canonical.customer_id AS known_id,
        COALESCE(canonical.customer_id, spoken.name) AS own_id
    FROM spoken
    LEFT JOIN canonical
        ON canonical.name = spoken.name
        AND canonical.usage_date = spoken.usage_date
),

-- SHA-256 of salt and name, for each name that is forgotten, and what stands for it.
digests AS (
    SELECT
        digest,
        @forgotten_salts[OFFSET(n)] AS salt,
        @forgotten_customers[OFFSET(n)] AS tombstone
    FROM UNNEST(@forgotten_digests) AS digest WITH OFFSET AS n
),

forgotten AS (
    SELECT own.own_id, MAX(digests.tombstone) AS tombstone
    FROM (SELECT DISTINCT own_id FROM named WHERE own_id IS NOT NULL) AS own
    CROSS JOIN digests
    WHERE
        digests.digest = TO_HEX(SHA256(CONCAT(digests.salt, own.own_id)))
        OR digests.digest = TO_HEX(SHA256(CONCAT(digests.salt, LOWER(own.own_id))))
    GROUP BY own.own_id
)

SELECT
    spoken.usage_date,
    spoken.customer_tag,
    spoken.project_tag,
    spoken.resource_id,
    spoken.account_id,
    COALESCE(forgotten.tombstone, spoken.own_id, {untagged}) AS customer_id,
    COALESCE(forgotten.tombstone, trimmed(spoken.project_tag), {untagged}) AS project_id,
    CASE
        WHEN spoken.name IS NULL THEN 'untagged'
        WHEN spoken.position IS NOT NULL THEN 'map:' || CAST(spoken.position AS STRING)
        WHEN forgotten.tombstone IS NOT NULL THEN 'tag'
        WHEN spoken.known_id <> spoken.name THEN 'alias:' || spoken.known_id
        ELSE 'tag'
    END AS attribution_rule
FROM named AS spoken
LEFT JOIN forgotten ON forgotten.own_id = spoken.own_id

-- statement: staged_lines
WITH site_rates AS (
    SELECT currency, CAST(@rate_values[OFFSET(n)] AS NUMERIC) AS rate
    FROM UNNEST(@rate_currencies) AS currency WITH OFFSET AS n
)

SELECT
    line.*,
    named.is_ai AND NOT line.is_platform AS is_ai,
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
    IF(line.currency = 'USD', 1, COALESCE(line.rate, site_rates.rate)) AS usd_rate
FROM {bill_lines} AS line
JOIN {named} AS named
    ON COALESCE(named.service_id, '') = COALESCE(line.service_id, '')
    AND COALESCE(named.service, '') = COALESCE(line.service, '')
    AND COALESCE(named.sku, '') = COALESCE(line.sku, '')
    AND COALESCE(named.description, '') = COALESCE(line.description, '')
    AND COALESCE(named.unit, '') = COALESCE(line.unit, '')
    AND COALESCE(named.billing_entity, '') = COALESCE(line.billing_entity, '')
JOIN {attributed} AS attributed
    ON attributed.usage_date = line.usage_date
    AND attributed.customer_tag = COALESCE(line.customer_tag, '')
    AND attributed.project_tag = COALESCE(line.project_tag, '')
    AND attributed.resource_id = COALESCE(line.resource_id, '')
    AND attributed.account_id = COALESCE(line.account_id, '')
LEFT JOIN site_rates ON site_rates.currency = line.currency
