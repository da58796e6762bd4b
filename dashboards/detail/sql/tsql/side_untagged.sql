SELECT SUM(costs.cost_usd) AS {name}
FROM {costs} AS costs
WHERE
    costs.customer_id = {untagged}
    AND {in_range}
    {picked}
