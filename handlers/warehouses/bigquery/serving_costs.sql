-- Every row from the path of its customer, and so every dollar once.
SELECT {columns}
FROM `{dataset}.{table}` AS costs
LEFT JOIN `{dataset}.serving_paths` AS own
    ON own.customer_key = costs.customer_key
LEFT JOIN `{dataset}.serving_paths` AS others
    ON others.customer_key = {everyone_else}
WHERE
    costs.cloud_provider NOT IN ({native_clouds})
    OR IF(costs.warehouse IN ({native_warehouses}), {native}, {hub})
        = COALESCE(own.path, others.path, {hub})
