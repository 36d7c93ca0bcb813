"""What a question of this room makes the model read: the passage, or the part that fits, and what was asked before.

A question's details keep under "read" which spans of a passage were read where it was too long: [[start, end], …].
"""

from django.conf import settings

from inference import prompts
from inference.messages import Message as Turn
from inference.messages import SamplingParams
from webapp.ask import excerpt
from webapp.ask.passages import index_of
from webapp.chat import services
from webapp.chat.models import Conversation, Message
from webapp.chat.options import model_of

UNKNOWN_CONTEXT = 8192  # tokens, of a model that does not say
OUR_WORDS = 96  # tokens that the instructions and the turns' marks take
EARLIER = 4  # the share of what is read that earlier questions may take: a quarter
LEAST = 64  # tokens of the passage, however long the question is


def prompt(conversation: Conversation, question: Message) -> list[Turn]:
    """Earlier turns go along as far as they leave room for the passage, which is read with the first of them."""
    index = index_of(conversation.pk)
    room = _room(conversation) - excerpt.tokens(question.content)
    turns = services.turns_up_to(question)[:-1]
    earlier = _newest(turns, room // EARLIER)
    wanted = "\n".join([*(turn.content for turn in turns[-2:-1]), question.content])  # "And when was that?"
    spans = excerpt.closest(index, wanted, max(LEAST, room - sum(excerpt.tokens(t.content) for t in earlier)))
    _keep(question, [] if excerpt.share(index.text, spans) == 1 else spans)
    return prompts.ask(excerpt.read(index.text, spans), question.content, earlier=earlier)


def params(conversation: Conversation, question: Message) -> SamplingParams:
    """Answers are found, not invented: no temperature, and never more than a quarter of the context."""
    return SamplingParams(temperature=0, max_tokens=_longest_answer(conversation))


def _longest_answer(conversation: Conversation) -> int:
    return min(settings.MAX_REPLY_TOKENS, _context(conversation) // 4)


def _context(conversation: Conversation) -> int:
    return model_of(conversation).context or UNKNOWN_CONTEXT


def _room(conversation: Conversation) -> int:
    answer = conversation.options.get("max_tokens") or _longest_answer(conversation)
    return _context(conversation) - answer - OUR_WORDS


def _newest(turns: list[Turn], most_tokens: int) -> list[Turn]:
    """The last questions with their answers that are not longer than that."""
    start, room = len(turns), most_tokens
    for at in range(len(turns) - 2, -1, -2):
        room -= sum(excerpt.tokens(turn.content) for turn in turns[at : at + 2])
        if room < 0:
            break
        start = at
    return turns[start:]


def _keep(question: Message, spans: list[excerpt.Span]) -> None:
    details = {name: value for name, value in question.details.items() if name != "read"}
    if spans:
        details["read"] = [list(span) for span in spans]
    if details != question.details:
        question.details = details
        question.save(update_fields=["details"])
