-- The bills that the hub loads, in the columns of FOCUS: handlers/focus/columns.toml.
SELECT
{columns}
FROM `{dataset}.unified_costs`
