-- The bills of all clouds that the hub itself loads, with the record's columns: first the published.
SELECT {columns} FROM `{dataset}.aws_llm_costs`
UNION ALL
SELECT {columns} FROM `{dataset}.azure_llm_costs`
UNION ALL
SELECT {columns} FROM `{dataset}.gcp_llm_costs`
