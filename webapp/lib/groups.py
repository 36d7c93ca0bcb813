"""Tell a Channels group something, from code that is not async. What is told may be lost: the rows are the truth."""

import logging
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from redis.exceptions import RedisError

log = logging.getLogger(__name__)


async def atell(group: str, event: dict[str, Any]) -> None:
    layer = get_channel_layer()
    assert layer is not None
    try:
        await layer.group_send(group, event)
    except (RedisError, OSError) as error:
        log.warning("nobody heard %s: %s", event["type"], error)


def tell(group: str, event: dict[str, Any]) -> None:
    async_to_sync(atell)(group, event)
