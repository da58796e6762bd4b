-- What DuckDB lacks of the functions that the hub's queries use, under BigQuery's names.
CREATE TYPE float64 AS DOUBLE;
CREATE MACRO timestamp_seconds(seconds) AS make_timestamp(seconds::BIGINT * 1000000);
CREATE MACRO unix_seconds(moment) AS epoch(moment)::BIGINT;
CREATE MACRO unix_date(day) AS date_diff('day', DATE '1970-01-01', day);
CREATE MACRO date_from_unix_date(days) AS DATE '1970-01-01' + days::INTEGER;
CREATE MACRO div(number, by_number) AS number::BIGINT // by_number;
CREATE MACRO date_add(day, span) AS CAST(day + span AS DATE);
CREATE MACRO date_sub(day, span) AS CAST(day - span AS DATE);
CREATE MACRO regexp_contains(words, pattern) AS regexp_matches(words, pattern);
