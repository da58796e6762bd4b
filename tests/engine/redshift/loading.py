"""A collector's process for tests that kill it: loads a folder into the fake's warehouse.

python -m tests.engine.redshift.loading BILLS FOLDER DATA_API S3
"""

import sys
from pathlib import Path

from tests.engine.redshift.native import Native
from tests.fakes.moto_server import aws_client
from tests.fakes.redshift_data import FakeRedshift


def main() -> None:
    """Load everything, as ``Native.load`` does."""
    bills, folder, data_api, s3_address = sys.argv[1:]
    s3 = aws_client("s3", s3_address)
    Path(folder).mkdir(parents=True)
    native = Native(FakeRedshift("", s3), aws_client("redshift-data", data_api), s3, Path(folder))
    native.load(Path(bills))


if __name__ == "__main__":
    main()
