-- The loads that people see: of a cloud with two paths, those on the path of customers who have no
-- row in serving_cut. One row for each load, so that restatements count once.
SELECT {columns}
FROM `{dataset}.ledger` AS loads
LEFT JOIN `{dataset}.serving_paths` AS others
    ON others.customer_key = {everyone_else}
WHERE
    loads.cloud_provider NOT IN ({native_clouds})
    OR IF(loads.warehouse IN ({native_warehouses}), {native}, {hub})
        = COALESCE(others.path, {hub})
