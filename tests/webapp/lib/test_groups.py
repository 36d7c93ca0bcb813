"""What is told to those who look on may be lost: the change that it tells of is not."""

import logging

import pytest
from channels.layers import get_channel_layer

from webapp.lib.groups import atell, tell

GROUP = "test.group"


async def test_those_in_the_group_hear_it(redis) -> None:
    layer = get_channel_layer()
    name = await layer.new_channel()
    await layer.group_add(GROUP, name)
    await atell(GROUP, {"type": "something.happened"})
    assert await layer.receive(name) == {"type": "something.happened"}
    await layer.flush()


def test_without_redis_nobody_hears_it_and_nothing_breaks(settings, tmp_path, caplog: pytest.LogCaptureFixture) -> None:
    layer = settings.CHANNEL_LAYERS["default"]
    nowhere = {**layer, "CONFIG": {**layer["CONFIG"], "hosts": [f"unix://{tmp_path}/no.sock"]}}
    settings.CHANNEL_LAYERS = {"default": nowhere}
    with caplog.at_level(logging.WARNING, "webapp.lib.groups"):
        tell(GROUP, {"type": "something.happened"})
    assert "nobody heard something.happened" in caplog.text
