"""Django's PostgreSQL backend, with a lighter look at whether a pooled connection still lives.

Django would ask the server SELECT 1 each time a connection leaves the pool, which is one round trip in five. A
connection that the server has closed is readable, and one that waits for its next command is not.
"""

import select
from typing import Any

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        while self.pool and is_cut(connection):
            connection.close()
            self.pool.putconn(connection)  # which throws a closed one away
            connection = super().get_new_connection(conn_params)
        return connection


def is_cut(connection: Any) -> bool:
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN | select.POLLHUP)
    return bool(poll.poll(0))
