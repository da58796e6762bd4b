"""The site's files at a place, to be changed by a command: read, checked together, put back."""

import contextlib
import os
import tempfile
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path

from handlers.commands.options import google_clients, is_bucket
from handlers.errors import SiteError, UsageError
from handlers.site import SITE_VARIABLE, Site, default_site_folder, site_from
from handlers.site.folder import read_folder, write_folder
from handlers.site.problems import Problem
from handlers.site.put import put_site


@dataclass(frozen=True)
class SiteFiles:
    """The files at ``place`` by name, and what they say together."""

    place: str
    contents: Mapping[str, bytes]
    site: Site

    def put(self, files: Mapping[str, bytes]) -> None:
        """Write ``files`` there, if the site is valid with them.

        Raises:
            SiteError: it is not, or somebody else changed it meanwhile; see ``site put``.
        """
        with _folder() as new, _folder() as work:
            write_folder(new, files)
            if is_bucket(self.place):
                google_clients().put_site_at(new, self.place, work)
            else:
                put_site(new, Path(self.place))


def site_files(place: str | None) -> SiteFiles:
    """The site's files at ``place``, or at the default place.

    Raises:
        UsageError: there is no site.
        SiteError: it is not valid.
    """
    named = str(place or os.environ.get(SITE_VARIABLE, "") or default_site_folder() or "")
    if not named:
        raise UsageError(f"There is no site data here: name it with --site or {SITE_VARIABLE}.")
    problems: list[Problem] = []
    with _folder() as work:
        if is_bucket(named):
            clients = google_clients()
            with clients.bucket_at(named) as bucket:
                clients.fetch_site(bucket, work)
        contents = read_folder(work if is_bucket(named) else Path(named), problems)
    if not contents and not problems:
        raise SiteError(f"{named} has no site data. See: python -m handlers site example DIR.")
    return SiteFiles(named, contents, site_from(contents, problems))


@contextlib.contextmanager
def _folder() -> Generator[Path]:
    with tempfile.TemporaryDirectory(prefix="site-") as folder:
        yield Path(folder)
