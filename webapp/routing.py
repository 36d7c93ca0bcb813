"""Every socket's address; tests/webapp/test_routes.py walks it as it walks the pages."""

from webapp.analyze import routing as analyze
from webapp.ask import routing as ask
from webapp.chat import routing as chat
from webapp.runs import routing as runs
from webapp.translate import routing as translate
from webapp.write import routing as write

sockets = [*chat.sockets, *ask.sockets, *analyze.sockets, *runs.sockets, *translate.sockets, *write.sockets]
