"""Pages of phase 2: each cloud's own warehouse in detail, and the clouds side by side.

What is over all clouds is asked of the hub, here as everywhere. These pages ask the warehouse in
which a cloud's facts lie, so a metric is written in three dialects: the files of one name in
``sql/bigquery``, ``sql/redshift`` and ``sql/tsql`` read side by side and answer alike.
"""
