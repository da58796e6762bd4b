SELECT
    SUM(CASE WHEN bills.state = 'different' THEN 1 ELSE 0 END) AS different_bills,
    SUM(CASE WHEN bills.state IN ('in transit', 'never compared') THEN 1 ELSE 0 END)
        AS transit_bills,
    SUM(
        CASE
            WHEN bills.state IN ('in transit', 'never compared') THEN ABS(bills.path_difference)
            ELSE 0
        END
    ) AS transit_cost,
    SUM(CASE WHEN bills.state = 'equal' THEN 1 ELSE 0 END) AS equal_bills
FROM {compared_bills} AS bills
WHERE ('__all' IN ({clouds}) OR bills.cloud_provider IN ({clouds}))
