-- What DuckDB lacks of the functions that the hub's queries use, under BigQuery's names. They live
-- with the connection, not in the warehouse's file.
CREATE TEMP TYPE IF NOT EXISTS float64 AS DOUBLE;
CREATE OR REPLACE TEMP MACRO timestamp_seconds(seconds) AS make_timestamp(seconds::BIGINT * 1000000);
CREATE OR REPLACE TEMP MACRO unix_seconds(moment) AS epoch(moment)::BIGINT;
CREATE OR REPLACE TEMP MACRO unix_date(day) AS date_diff('day', DATE '1970-01-01', day);
CREATE OR REPLACE TEMP MACRO date_from_unix_date(days) AS DATE '1970-01-01' + days::INTEGER;
CREATE OR REPLACE TEMP MACRO div(number, by_number) AS number::BIGINT // by_number;
CREATE OR REPLACE TEMP MACRO date_add(day, span) AS CAST(day + span AS DATE);
CREATE OR REPLACE TEMP MACRO date_sub(day, span) AS CAST(day - span AS DATE);
CREATE OR REPLACE TEMP MACRO regexp_contains(words, pattern) AS regexp_matches(words, pattern);
CREATE OR REPLACE TEMP MACRO generate_array(first, last) AS generate_series(first, last);
