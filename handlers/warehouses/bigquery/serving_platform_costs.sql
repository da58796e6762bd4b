-- What the platform itself costs, of a cloud with two paths from the path of customers who have no
-- row in serving_cut. Rows from before the hub kept rows of others name no warehouse: the hub's.
SELECT {columns}
FROM `{dataset}.platform_costs` AS costs
LEFT JOIN `{dataset}.serving_paths` AS others
    ON others.customer_key = {everyone_else}
WHERE
    costs.cloud_provider NOT IN ({native_clouds})
    OR IF(costs.warehouse IN ({native_warehouses}), {native}, {hub})
        = COALESCE(others.path, {hub})
