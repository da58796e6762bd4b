-- Names the customer and project of every distinct combination.
--
-- Reads attribution_input: cloud_provider, usage_date DATE, customer_tag, project_tag, resource_id,
-- account_id, resource_group (text, NULL where the bill has none), and the tables of
-- attribution_tables.sql. Gives each distinct combination of those columns once, unchanged (join
-- back with IS NOT DISTINCT FROM), with
--   customer_id       canonical id, or 'untagged'
--   project_id        the project tag, trimmed, or 'untagged'
--   attribution_rule  'tag'         the tag, as it stands
--                     'alias:<id>'  the tag, which customers.csv says is another name of <id>
--                     'map:<n>'     the n-th map of attribution.toml
--                     'untagged'    nothing names a customer
WITH combination AS MATERIALIZED (
    SELECT
        *,
        attribution_trim(customer_tag) AS tag,
        attribution_trim(project_tag) AS project,
        row_number() OVER () AS combination
    FROM (
        SELECT DISTINCT
            cloud_provider, usage_date, customer_tag, project_tag, resource_id, account_id,
            resource_group
        FROM attribution_input
    )
),

-- What a map can look at, where no tag names a customer.
subject AS MATERIALIZED (
    SELECT
        combination,
        cloud_provider,
        usage_date,
        match,
        attribution_folded(cloud_provider, match, attribution_trim(value)) AS value
    FROM (
        SELECT
            combination,
            cloud_provider,
            usage_date,
            unnest(['resource', 'account', 'project', 'resource_group']) AS match,
            unnest([
                resource_id,
                account_id,
                CASE WHEN cloud_provider = 'GCP' THEN account_id ELSE project END,
                resource_group
            ]) AS value
        FROM combination
        WHERE tag IS NULL
    )
    WHERE match IN (SELECT match FROM attribution_maps)
),

-- What each map says of each distinct value: a regular expression is tried once per value.
answer AS (
    SELECT value.*, rule.position, rule.first_day, rule.last_day, rule.customer
    FROM (SELECT DISTINCT cloud_provider, match, value FROM subject) AS value
    JOIN attribution_maps AS rule
        ON rule.cloud_provider = value.cloud_provider
        AND rule.match = value.match
        AND attribution_folded(rule.cloud_provider, rule.match, rule.exact) = value.value
    UNION ALL
    SELECT * FROM (
        SELECT
            value.*,
            rule.position,
            rule.first_day,
            rule.last_day,
            attribution_trim(regexp_extract(
                value.value,
                CASE
                    WHEN attribution_has_case(rule.cloud_provider, rule.match) THEN rule.regex
                    ELSE '(?i)' || rule.regex
                END,
                1
            )) AS customer
        FROM (SELECT DISTINCT cloud_provider, match, value FROM subject) AS value
        JOIN attribution_maps AS rule
            ON rule.cloud_provider = value.cloud_provider
            AND rule.match = value.match
        WHERE rule.regex IS NOT NULL
    )
    WHERE customer IS NOT NULL
),

-- The first map, in the file's order, that is valid on the day.
mapped AS (
    SELECT
        subject.combination,
        min(answer.position) AS position,
        arg_min(answer.customer, answer.position) AS customer
    FROM subject
    JOIN answer
        ON answer.cloud_provider = subject.cloud_provider
        AND answer.match = subject.match
        AND answer.value = subject.value
        AND subject.usage_date BETWEEN answer.first_day AND answer.last_day
    GROUP BY subject.combination
),

spoken AS MATERIALIZED (
    SELECT
        combination.*,
        mapped.position,
        coalesce(combination.tag, mapped.customer) AS name
    FROM combination
    LEFT JOIN mapped ON mapped.combination = combination.combination
),

-- A name exactly as a customer has it wins; else the one customer that has it in another case.
canonical AS (
    SELECT
        spoken.name,
        spoken.usage_date,
        coalesce(
            max(known.customer_id) FILTER (known.name = spoken.name),
            CASE WHEN count(DISTINCT known.customer_id) = 1 THEN max(known.customer_id) END
        ) AS customer_id
    FROM (SELECT DISTINCT name, usage_date FROM spoken) AS spoken
    JOIN attribution_names AS known
        ON lower(known.name) = lower(spoken.name)
        AND spoken.usage_date BETWEEN known.first_day AND known.last_day
    GROUP BY spoken.name, spoken.usage_date
),

-- What stands for a customer whose name is forgotten, in whatever case a bill writes it.
forgotten AS (
    SELECT customer_id, max(tombstone) AS tombstone
    FROM (
        SELECT coalesce(canonical.customer_id, spoken.name) AS customer_id
        FROM spoken
        LEFT JOIN canonical
            ON canonical.name = spoken.name
            AND canonical.usage_date = spoken.usage_date
        GROUP BY ALL
    ) AS named
    CROSS JOIN attribution_forgotten
    WHERE digest IN (sha256(salt || customer_id), sha256(salt || lower(customer_id)))
    GROUP BY customer_id
)

SELECT
    spoken.cloud_provider,
    spoken.usage_date,
    spoken.customer_tag,
    spoken.project_tag,
    spoken.resource_id,
    spoken.account_id,
    spoken.resource_group,
    coalesce(forgotten.tombstone, canonical.customer_id, spoken.name, 'untagged') AS customer_id,
    coalesce(forgotten.tombstone, spoken.project, 'untagged') AS project_id,
    CASE
        WHEN spoken.name IS NULL THEN 'untagged'
        WHEN spoken.position IS NOT NULL THEN 'map:' || spoken.position
        WHEN forgotten.tombstone IS NOT NULL THEN 'tag'
        WHEN canonical.customer_id <> spoken.name THEN 'alias:' || canonical.customer_id
        ELSE 'tag'
    END AS attribution_rule
FROM spoken
LEFT JOIN canonical
    ON canonical.name = spoken.name
    AND canonical.usage_date = spoken.usage_date
LEFT JOIN forgotten
    ON forgotten.customer_id = coalesce(canonical.customer_id, spoken.name)
