"""Sample bills of three clouds in their real export formats, with the right totals beside them.

Starts from the truth (``world.toml``, ``workloads.toml``, ``prices/``), makes the charges and
renders them; it shares no code with the collector, so that it can check it. Folder written::

    sample.json                             seed, days and last day
    aws/<scope>/<export>/data/BILLING_PERIOD=YYYY-MM/...        CUR 2.0, parquet and CSV
    aws/<scope>/<export>/metadata/BILLING_PERIOD=YYYY-MM/<export>-Manifest.json
    aws/<scope>/<report>/<YYYYMMDD-YYYYMMDD>/<assembly>/...     legacy CUR, hourly
    azure/<scope>/<export>/<YYYYMMDD-YYYYMMDD>/<run>/manifest.json, part_0_0001...
    gcp/<table>/000000000000.json.gz | .parquet                 what an extract job writes
    site/                                   customers, maps, rates, budgets, invoices, events
    truth/                                  right totals; README.md there says what each file holds
"""

from handlers.sample.writing import SampleReport, write_sample

__all__ = ["SampleReport", "write_sample"]
