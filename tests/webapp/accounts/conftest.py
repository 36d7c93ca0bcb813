import uuid

import pytest


@pytest.fixture(autouse=True)
def _fresh_cache(settings):
    """The cache counts failed sign-ins and the like; each test starts at nought, whoever else shares the Redis."""
    cache = settings.CACHES["default"] | {"KEY_PREFIX": uuid.uuid4().hex}
    settings.CACHES = {"default": cache}
