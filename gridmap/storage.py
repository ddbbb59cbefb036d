"""Static files under names that change with their content."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class ModuleAwareStorage(CompressedManifestStaticFilesStorage):
    """Rewrite file names inside ``import`` statements too, so that ES modules need no bundler."""

    support_js_module_import_aggregation = True
