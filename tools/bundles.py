"""Build bundles into the cache, unless they are there.

    python -m tools.bundles [RUNTIME ...]

Needs the package index once for each version of a lock. The tests of the runtimes and `pulumi up`
take what is built here; with no word, all three are built.
"""

import sys
import time

from infra.bundles import BundleError, Runtime, build
from infra.packages import PackagesError


def main() -> int:
    """Build each runtime that was named; the exit code is 1 when one can't be built."""
    words = sys.argv[1:] or list(Runtime)
    unknown = [word for word in words if word not in list(Runtime)]
    if unknown:
        print(f"There is no runtime '{unknown[0]}': {', '.join(Runtime)}.", file=sys.stderr)
        return 1
    for word in words:
        started = time.monotonic()
        try:
            bundle = build(Runtime(word))
        except (BundleError, PackagesError) as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
        print(
            f"{word:7}{bundle.zipped / 1e6:7.1f} MB zipped{bundle.unpacked / 1e6:8.1f} unpacked"
            f"{time.monotonic() - started:7.1f} s  {bundle.path}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
