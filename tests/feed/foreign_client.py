"""Reads a published feed with python-tuf: a client that nobody here wrote. Exit status 77 where it is not installed.

usage: foreign_client.py FEED_FOLDER ROOT_FILE TARGET...
"""

import sys
import tempfile
from pathlib import Path
from urllib.parse import unquote, urlparse

try:
    from tuf.ngclient import FetcherInterface, Updater
    from tuf.api.exceptions import DownloadHTTPError
except ImportError:
    print("python tuf is not installed")
    sys.exit(77)


class FolderFetcher(FetcherInterface):
    def __init__(self, folder):
        self.folder = Path(folder)

    def _fetch(self, url):
        path = self.folder / unquote(urlparse(url).path).lstrip("/")
        if not path.is_file():
            raise DownloadHTTPError(f"{path} is not there", 404)
        yield path.read_bytes()


folder, root, targets = sys.argv[1], sys.argv[2], sys.argv[3:]
with tempfile.TemporaryDirectory() as scratch:
    updater = Updater(
        metadata_dir=str(Path(scratch) / "metadata"),
        metadata_base_url="http://feed/metadata/",
        target_dir=scratch,
        target_base_url="http://feed/targets/",
        fetcher=FolderFetcher(folder),
        bootstrap=Path(root).read_bytes(),
    )
    updater.refresh()
    for target in targets:
        info = updater.get_targetinfo(target)
        if info is None:
            print(f"{target} is not listed")
            sys.exit(1)
        print(Path(updater.download_target(info)).read_bytes().decode(errors="replace"))
