"""How the versions of a model did with people: replies, thumbs, corrections, speed."""

from dataclasses import dataclass
from datetime import datetime

from webapp.lib import rows
from webapp.serving.models import NamedModel, Version


@dataclass(frozen=True, slots=True)
class Figures:
    """Of the replies that one version wrote to their end. tokens_per_s and first_token_ms are medians."""

    version: Version
    replies: int = 0
    tokens_per_s: float | None = None
    first_token_ms: float | None = None
    up: int = 0
    down: int = 0
    corrections: int = 0

    @property
    def liked(self) -> float | None:
        """The share of thumbs that point up, from 0 to 1."""
        return self.up / (self.up + self.down) if self.up + self.down else None


# The condition on '@' is that of the index, which only replies by adapters are in.
ASKED = """
WITH written AS (
    SELECT id, model, first_token_ms,
        CASE WHEN writing_ms >= 20 AND completion_tokens > 1
            THEN (completion_tokens - 1) * 1000.0 / writing_ms END AS tokens_per_s
    FROM generation_generation
    WHERE model LIKE '%%@%%' AND model = ANY(%(names)s) AND status = 'done' AND created_at >= %(since)s
), said AS (
    SELECT written.model,
        count(*) FILTER (WHERE feedback.thumb > 0) AS up,
        count(*) FILTER (WHERE feedback.thumb < 0) AS down,
        count(*) FILTER (WHERE feedback.correction <> '') AS corrections
    FROM written
    JOIN chat_message message ON message.generation_id = written.id
    JOIN chat_feedback feedback ON feedback.message_id = message.id
    GROUP BY written.model
)
SELECT written.model, count(*),
    percentile_cont(0.5) WITHIN GROUP (ORDER BY tokens_per_s),
    percentile_cont(0.5) WITHIN GROUP (ORDER BY first_token_ms),
    coalesce(max(said.up), 0), coalesce(max(said.down), 0), coalesce(max(said.corrections), 0)
FROM written LEFT JOIN said ON said.model = written.model
GROUP BY written.model
"""


def figures(model: NamedModel, versions: list[Version], since: datetime | None = None) -> list[Figures]:
    """In the order of `versions`, of replies asked for from `since` on. One query."""
    names = {v.engine_name: v for v in versions if v.adapter.ready}
    if not names:
        return [Figures(version) for version in versions]
    asked = {"names": list(names), "since": since or model.created_at}
    found = {row[0]: row[1:] for row in rows.select(ASKED, asked)}
    return [Figures(v, *found.get(v.engine_name if v.adapter.ready else "", ())) for v in versions]
