-- What the statements beside this file are written with; the meaning of each is that of
-- handlers/amounts.py, handlers/load/stage.py and handlers/site/attribution_tables.sql.

-- Half away from zero to 9 places, as the cast to NUMERIC rounds. The detour by text changes
-- nothing in BigQuery; the emulator of the tests carries on the value that was not rounded.
CREATE TEMP FUNCTION rounded(value BIGNUMERIC) AS (
    CAST(CAST(SAFE_CAST(value AS NUMERIC) AS STRING) AS NUMERIC)
);

-- The same to 15 and to 18 places.
CREATE TEMP FUNCTION rounded_to_15(value BIGNUMERIC) AS (
    CAST(rounded(value * 1000000) AS BIGNUMERIC) / 1000000
);
CREATE TEMP FUNCTION rounded_to_18(value BIGNUMERIC) AS (
    CAST(rounded(value * 1000000000) AS BIGNUMERIC) / 1000000000
);

-- The text with the fewest digits that is read back as the same double, which is what Google meant;
-- CAST AS STRING writes 17 digits where 16 would do.
CREATE TEMP FUNCTION shortest(value FLOAT64) AS (
    CASE
        WHEN value IS NULL THEN NULL
        WHEN CAST(FORMAT('%.15g', value) AS FLOAT64) = value THEN FORMAT('%.15g', value)
        WHEN CAST(FORMAT('%.16g', value) AS FLOAT64) = value THEN FORMAT('%.16g', value)
        ELSE FORMAT('%.17g', value)
    END
);

-- A double as a line amount; NULL when it is not a number or does not fit. Dividing by one changes
-- nothing in BigQuery; in a struct, the emulator of the tests has an integer for a whole double.
CREATE TEMP FUNCTION amount(value FLOAT64) AS (
    rounded_to_18(SAFE_CAST(shortest(IEEE_DIVIDE(value, 1)) AS BIGNUMERIC))
);

-- amounts.to_usd. The quotient has 38 places before it is rounded to 9. Both numbers have 9 places,
-- so that a quotient that is not itself half a nano-dollar is further from it than 10^-29 / rate:
-- rounding twice gives what rounding once would.
CREATE TEMP FUNCTION usd(amount NUMERIC, rate NUMERIC) AS (
    rounded(CAST(amount AS BIGNUMERIC) / CAST(rate AS BIGNUMERIC))
);

CREATE TEMP FUNCTION short_hash(value STRING) AS (
    LEFT(TO_HEX(SHA256(value)), 16)
);

-- A text of at most that many characters, unique if the whole is.
CREATE TEMP FUNCTION cut(value STRING, size INT64) AS (
    IF(
        CHAR_LENGTH(value) > size,
        CONCAT(LEFT(value, size - 17), '~', short_hash(value)),
        value
    )
);

-- Without the Unicode white space at both ends; NULL when nothing is left.
CREATE TEMP FUNCTION trimmed(value STRING) AS (
    NULLIF(
        REGEXP_REPLACE(value, r'^[\s\x0b\x{85}\pZ]+|[\s\x0b\x{85}\pZ]+$', ''),
        ''
    )
);

-- A tag's key in the spelling that all bills' spellings of it share.
CREATE TEMP FUNCTION tag_key(name STRING) AS (
    REGEXP_REPLACE(LOWER(name), r'[^\pL\pN]+', '_')
);

-- The value of the first of these names that has one; of labels with the same name the first.
CREATE TEMP FUNCTION tag_value(
    labels ARRAY<STRUCT<key STRING, value STRING>>,
    names ARRAY<STRING>
) AS ((
    SELECT label.value
    FROM UNNEST(names) AS name WITH OFFSET AS position
    JOIN UNNEST(labels) AS label WITH OFFSET AS place
        ON tag_key(REGEXP_REPLACE(label.key, r'(?i)^(resource_?tags[/_])?(user[:_])?', ''))
            = tag_key(name)
    WHERE TRIM(label.value, ' ') <> ''
    ORDER BY position, place
    LIMIT 1
));
