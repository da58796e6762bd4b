"""The site data in a bucket: a prefix of a bucket with versioning holds what a folder would.

A reader takes one listing and fetches exactly its generations, then lists again: files of two
moments are never mixed without being noticed. A writer replaces only the generations that it has
looked at, so that of two who change the site at once the second is told.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from handlers.buckets import ABSENT, Bucket, ObjectChanged, ObjectMissing, Stored
from handlers.errors import SiteError
from handlers.site.put import put_site

MOST_FILES = 100
"""Objects below the prefix; a site has about ten."""
MOST_BYTES = 64 * 2**20
"""Of all of them; ``load_site`` has a smaller limit for each."""
TRIES = 3
"""Readings of a site that somebody is changing."""

_KEPT_KINDS = {".csv", ".toml"}


def fetch_site(bucket: Bucket, folder: Path) -> Mapping[str, int]:
    """Fetch the site's files into ``folder``, which is empty; each file's generation, by name.

    Only CSV and TOML files are fetched, of any name: ``load_site`` says which it does not know.

    Raises:
        SiteError: it is too large to be site data, or was being changed for all of the tries.
        BucketError: the bucket can't be read.
    """
    for _ in range(TRIES):
        listed = _site_files(bucket)
        _refuse_large(bucket, listed)
        try:
            for item in listed:
                target = folder / item.name
                target.parent.mkdir(parents=True, exist_ok=True)
                bucket.download(item.name, target, item.generation)
        except ObjectMissing:
            continue
        if _site_files(bucket) == listed:
            return {item.name: item.generation for item in listed}
    raise SiteError(
        f"{bucket.address}: the site data was changed {TRIES} times while it was read."
        " Nothing was changed: try again when whoever changes it is done."
    )


def put_site_in_bucket(source: Path, bucket: Bucket, folder: Path) -> Sequence[str]:
    """Check ``source`` with the rest of the site, then write what changed; the files' names.

    ``folder`` is empty; the site is put together there.

    Raises:
        SiteError: the site would not be valid (nothing was written), or somebody else changed a
            file at the same time (named; those before it were written).
        UsageError: ``source`` has no site file.
        BucketError: the bucket can't be read or written.
    """
    generations = fetch_site(bucket, folder)
    changed = put_site(source, folder)
    for name in changed:
        try:
            bucket.upload(folder / name, name, generations.get(name, ABSENT))
        except ObjectChanged:
            done = changed[: changed.index(name)]
            raise SiteError(
                f"{bucket.where(name)} was changed by somebody else meanwhile, and stays as they"
                f" wrote it. Written before it: {', '.join(done) or 'nothing'}. Look at it with"
                " 'site show', then put again."
            ) from None
    return changed


def _site_files(bucket: Bucket) -> list[Stored]:
    """The site's files below the prefix: those at its top, and in catalog/."""
    return [item for item in bucket.objects() if _is_site_file(item.name)]


def _is_site_file(name: str) -> bool:
    path = PurePosixPath(name)
    plain = path.suffix.lower() in _KEPT_KINDS and not path.name.startswith(".")
    return plain and str(path.parent) in (".", "catalog")


def _refuse_large(bucket: Bucket, listed: Sequence[Stored]) -> None:
    size = sum(item.size for item in listed)
    if len(listed) > MOST_FILES or size > MOST_BYTES:
        raise SiteError(
            f"{bucket.address} has {len(listed)} files of {size:,} bytes: allowed are {MOST_FILES}"
            f" and {MOST_BYTES:,}. Check that it is the site data's prefix."
        )
