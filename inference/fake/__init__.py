"""A real HTTP server with the generation server's API and scripted replies, for tests and load runs.

    python -m inference.fake --port 8001 --tokens-per-s 50
    async with Fake(Script(text="Hello there.", tokens_per_s=20)) as fake: Client(fake.url)

Without a script it writes "You wrote: …" with the last user message, a word a token. A running one is scripted by
attribute (`fake.script`, `fake.failures`) or, from another process, by POST /fake/script and /fake/failures (the fields
of Script and Failures as JSON); what it saw is in `fake.stats` and GET /fake/stats.
"""

from .script import Failures, Script, Stats
from .server import Fake

__all__ = ["Failures", "Fake", "Script", "Stats"]
