-- The lines numbered from $first up to but not $last of a CUR 2.0 with all its columns, in Amazon's (alphabetical) order.
-- https://docs.aws.amazon.com/cur/latest/userguide/table-dictionary-cur2.html
-- Everything follows from the line's number. Amounts are whole micro-units and a price is a whole
-- number of tenths of a micro-dollar, so a cost is an integer over 10^13: exact as decimal text.

-- statement: mix
-- A number below 2^31 that looks random; k tells one use of the line's number from another.
CREATE OR REPLACE TEMP MACRO mix(i, k) AS
    (((i * 48271 + k * 69621) % 2147483647) * ((i * 48271 + k * 69621) % 2147483647) + k)
    % 2147483629;

-- statement: draws
-- AI is bought for sixty customers, few big and many small: each has one account and one profile.
CREATE OR REPLACE TEMP VIEW draws AS
SELECT
    i,
    mix(i, 1) % 50 = 0 AS is_ai,
    mix(i, 2) AS pick,
    mix(i, 3) % 744 AS hour,
    mix(i, 4) AS amount_draw,
    mix(i, 5) AS tag_draw,
    (mix(i, 6) % 1000) * (mix(i, 6) % 1000) // 16667 AS customer,
    CASE WHEN mix(i, 1) % 50 = 0 THEN customer * 7 ELSE mix(i, 7) END % 40 AS account_number,
    CASE WHEN mix(i, 1) % 50 = 0 THEN customer ELSE mix(i, 8) % 60000 END AS resource_draw
FROM range($first, $last) AS lines(i);

-- statement: charges
CREATE OR REPLACE TEMP VIEW charges AS
SELECT
    draws.*,
    skus.* EXCLUDE (is_ai),
    CASE
        WHEN most = 1 AND grain = 1 AND amount_draw % 10 < 7 THEN 1000000
        ELSE (amount_draw % (most * 1000000 // grain) + 1) * grain
    END AS micro_amount
FROM draws
JOIN skus
    ON skus.is_ai = draws.is_ai
    AND skus.position = draws.pick % CASE WHEN draws.is_ai THEN $ai_skus ELSE $other_skus END;

-- statement: worded
CREATE OR REPLACE TEMP VIEW worded AS
SELECT
    *,
    TIMESTAMP '2026-10-01' + to_hours(hour::INTEGER) AS starts,
    TIMESTAMP '2026-10-01' + to_hours(hour::INTEGER + 1) AS ends,
    printf('4410%08d', account_number * 7919 + 20311) AS account,
    ['us-east-1', 'us-west-2', 'eu-central-1'][1 + account_number % 3] AS region,
    ['US East (N. Virginia)', 'US West (Oregon)', 'EU (Frankfurt)'][1 + account_number % 3]
        AS place,
    ['USE1', 'USW2', 'EUC1'][1 + account_number % 3] AS prefix,
    ['checkout', 'search', 'ledger', 'media', 'ingest', 'reports'][1 + resource_draw % 6] AS team,
    md5('r' || resource_draw) AS resource_hash,
    md5('l' || i) AS line_hash,
    micro_amount / 1000000.0::DOUBLE AS amount,
    (micro_amount * tenths)::DOUBLE / 10000000000000.0::DOUBLE AS cost,
    rate AS price
FROM charges;

-- statement: named
CREATE OR REPLACE TEMP VIEW named AS
SELECT
    *,
    replace(usage_type, '{p}', prefix) AS sku,
    replace(replace(replace(description, '{rate}', price), '{where}', place), '{region}', region)
        AS text,
    replace(replace(replace(replace(replace(replace(replace(replace(
        resource, '{region}', region), '{account}', account), '{team}', team),
        '{id8}', left(resource_hash, 8)), '{id12}', left(resource_hash, 12)),
        '{id16}', left(resource_hash, 16)), '{id17}', left(resource_hash, 17)),
        '{id32}', resource_hash) AS arn
FROM worded;

-- statement: lines
SELECT
    'Anniversary' AS bill_bill_type,
    entity AS bill_billing_entity,
    TIMESTAMP '2026-11-01' AS bill_billing_period_end_date,
    TIMESTAMP '2026-10-01' AS bill_billing_period_start_date,
    'USINUS26-' || (480210377 + (entity = 'AWS')::INTEGER) AS bill_invoice_id,
    'Amazon Web Services, Inc.' AS bill_invoicing_entity,
    '111122223333' AS bill_payer_account_id,
    'Payer' AS bill_payer_account_name,
    MAP {'Business_Unit': team} AS cost_category,
    MAP {}::MAP(VARCHAR, VARCHAR) AS discount,
    NULL::DOUBLE AS discount_bundled_discount,
    NULL::DOUBLE AS discount_total_discount,
    -- 32 bytes of hexadecimal and 18 letters carry what Amazon's 52 characters in base 32 do.
    line_hash || translate(md5(line_hash)[:20], '0123456789', 'ghijklmnop')
        AS identity_line_item_id,
    strftime(starts, '%Y-%m-%dT%H:%M:%SZ') || '/' || strftime(ends, '%Y-%m-%dT%H:%M:%SZ')
        AS identity_time_interval,
    CASE WHEN instance_type <> '' THEN region || chr((97 + resource_draw % 3)::INTEGER) END
        AS line_item_availability_zone,
    cost AS line_item_blended_cost,
    price AS line_item_blended_rate,
    'USD' AS line_item_currency_code,
    CASE WHEN entity = 'AWS' THEN 'Amazon Web Services, Inc.' ELSE 'Anthropic, PBC' END
        AS line_item_legal_entity,
    text AS line_item_line_item_description,
    'Usage' AS line_item_line_item_type,
    NULL::DOUBLE AS line_item_net_unblended_cost,
    NULL::VARCHAR AS line_item_net_unblended_rate,
    CASE WHEN instance_type <> '' THEN 4.0 ELSE 0.0 END::DOUBLE AS line_item_normalization_factor,
    CASE WHEN instance_type <> '' THEN 4.0 ELSE 0.0 END::DOUBLE AS line_item_normalized_usage_amount,
    operation AS line_item_operation,
    code AS line_item_product_code,
    NULLIF(arn, '') AS line_item_resource_id,
    NULL::VARCHAR AS line_item_tax_type,
    cost AS line_item_unblended_cost,
    price AS line_item_unblended_rate,
    account AS line_item_usage_account_id,
    'Team ' || team || ' ' || account_number AS line_item_usage_account_name,
    amount AS line_item_usage_amount,
    ends AS line_item_usage_end_date,
    starts AS line_item_usage_start_date,
    sku AS line_item_usage_type,
    'USD' AS pricing_currency,
    NULL::VARCHAR AS pricing_lease_contract_length,
    NULL::VARCHAR AS pricing_offering_class,
    cost AS pricing_public_on_demand_cost,
    price AS pricing_public_on_demand_rate,
    NULL::VARCHAR AS pricing_purchase_option,
    upper(md5(usage_type)[:16]) || '.JRTCKXETXF.6YS6EN2CT7' AS pricing_rate_code,
    (100000000 + number * 7919)::VARCHAR AS pricing_rate_id,
    'OnDemand' AS pricing_term,
    unit AS pricing_unit,
    MAP {
        'product_name': name,
        'region': region,
        'servicecode': code
    } AS product,
    NULL::VARCHAR AS product_comment,
    NULL::VARCHAR AS product_fee_code,
    NULL::VARCHAR AS product_fee_description,
    CASE WHEN family = 'Data Transfer' THEN place END AS product_from_location,
    CASE WHEN family = 'Data Transfer' THEN 'AWS Region' END AS product_from_location_type,
    CASE WHEN family = 'Data Transfer' THEN region END AS product_from_region_code,
    CASE WHEN instance_type <> '' THEN 'General purpose' END AS product_instance_family,
    NULLIF(instance_type, '') AS product_instance_type,
    CASE WHEN instance_type <> '' THEN upper(md5(sku)[:16]) END AS product_instancesku,
    place AS product_location,
    'AWS Region' AS product_location_type,
    operation AS product_operation,
    NULL::VARCHAR AS product_pricing_unit,
    NULLIF(family, '') AS product_product_family,
    region AS product_region_code,
    code AS product_servicecode,
    upper(md5(sku || code)[:16]) AS product_sku,
    CASE WHEN family = 'Data Transfer' THEN 'External' END AS product_to_location,
    CASE WHEN family = 'Data Transfer' THEN 'Other' END AS product_to_location_type,
    NULL::VARCHAR AS product_to_region_code,
    sku AS product_usagetype,
    0.0::DOUBLE AS reservation_amortized_upfront_cost_for_usage,
    0.0::DOUBLE AS reservation_amortized_upfront_fee_for_billing_period,
    NULL::VARCHAR AS reservation_availability_zone,
    0.0::DOUBLE AS reservation_effective_cost,
    NULL::VARCHAR AS reservation_end_time,
    NULL::VARCHAR AS reservation_modification_status,
    NULL::DOUBLE AS reservation_net_effective_cost,
    NULL::VARCHAR AS reservation_number_of_reservations,
    0.0::DOUBLE AS reservation_recurring_fee_for_usage,
    NULL::VARCHAR AS reservation_reservation_a_r_n,
    NULL::VARCHAR AS reservation_start_time,
    (9000000000 + number * 7919)::VARCHAR AS reservation_subscription_id,
    NULL::VARCHAR AS reservation_total_reserved_normalized_units,
    NULL::VARCHAR AS reservation_total_reserved_units,
    NULL::VARCHAR AS reservation_units_per_reservation,
    0.0::DOUBLE AS reservation_unused_amortized_upfront_fee_for_billing_period,
    0.0::DOUBLE AS reservation_unused_normalized_unit_quantity,
    0.0::DOUBLE AS reservation_unused_quantity,
    0.0::DOUBLE AS reservation_unused_recurring_fee,
    0.0::DOUBLE AS reservation_upfront_value,
    CASE
        WHEN is_ai AND tag_draw % 20 > 0 THEN MAP {
            'aws_created_by': 'AssumedRole:AROA' || upper(resource_hash[:16]) || ':deploy',
            'user_customer_id': printf('cust%03d', customer),
            'user_project_id': 'assistant-' || customer % 7,
            'user_team': team
        }
        WHEN NOT is_ai AND tag_draw % 10 > 2 THEN MAP {
            'aws_created_by': 'AssumedRole:AROA' || upper(resource_hash[:16]) || ':deploy',
            'user_environment': ['production', 'staging', 'sandbox'][1 + tag_draw % 3],
            'user_team': team
        }
        ELSE MAP {}::MAP(VARCHAR, VARCHAR)
    END AS resource_tags,
    0.0::DOUBLE AS savings_plan_amortized_upfront_commitment_for_billing_period,
    NULL::VARCHAR AS savings_plan_offering_type,
    0.0::DOUBLE AS savings_plan_recurring_commitment_for_billing_period,
    NULL::VARCHAR AS savings_plan_savings_plan_a_r_n,
    0.0::DOUBLE AS savings_plan_savings_plan_effective_cost,
    0.0::DOUBLE AS savings_plan_used_commitment
FROM named;

-- statement: truth
SELECT
    count(*),
    count(*) FILTER (is_ai),
    sum(micro_amount::HUGEINT * tenths)::VARCHAR
FROM charges;
