SELECT
    COALESCE(SUM(CASE WHEN costs.customer_key = {untagged} THEN costs.cost END), 0)
        AS untagged_cost,
    COALESCE(SUM(CASE WHEN costs.rule_id IS NULL THEN costs.cost END), 0) AS unnamed_cost,
    COALESCE(
        SUM(CASE WHEN costs.rule_id IS NOT NULL AND costs.model = {unknown} THEN costs.cost END), 0
    ) AS unstated_cost
FROM {serving_unnamed_costs} AS costs
WHERE
    {in_range}
    {picked}
