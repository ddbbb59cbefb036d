"""Where files are kept: the site's own under names that change with their content, people's whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage


class ModuleAwareStorage(CompressedManifestStaticFilesStorage):
    """Rewrite file names inside ``import`` statements too, so that ES modules need no bundler."""

    support_js_module_import_aggregation = True


class WholeFileStorage(FileSystemStorage):
    """Files whose name says their content: each appears whole or not at all, and saving one again changes nothing.

    Django writes a file in its place, so a process killed meanwhile leaves half of one under the full name, and
    gives a second name to what two processes save at once.
    """

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """The name itself: whatever is there has the same content."""
        return name

    def _save(self, name: str, content: File[bytes]) -> str:
        place = Path(self.path(name))
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=place.parent, prefix=".part-", delete=False) as part:
            shutil.copyfileobj(content, part)
        os.chmod(part.name, self.file_permissions_mode or 0o644)
        os.replace(part.name, place)
        return name
