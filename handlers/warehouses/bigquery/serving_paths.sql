-- The path of each customer in serving_cut, and under a key of its own that of everyone else.
-- Only one word moves a customer: whatever else stands there, or stands there twice, is the hub's
-- path, so that each has one path and no dollar is served twice or never.
SELECT
    customer_key,
    IF(LOGICAL_AND(path = {native}), {native}, {hub}) AS path
FROM `{dataset}.serving_cut`
GROUP BY customer_key
