"""After the first reply the model that wrote it is asked for a short title, at the lowest priority. The built-in model,
which is too small to find one, is not; and nothing is put over what a person chose."""

from uuid import UUID

from django.conf import settings

from inference import prompts
from inference.messages import Priority, SamplingParams
from webapp.chat import services, titles
from webapp.chat.models import Conversation, Message, Task
from webapp.generation import services as generation_services
from webapp.generation.models import Generation, Status

CHANNEL = "title."
PARAMS = SamplingParams(max_tokens=48, temperature=0.2)
READ = 2000  # characters of the question, and of the answer


def generation_ended(*, generation: Generation, **_kwargs) -> None:
    if generation.channel.startswith(CHANNEL):
        take_title(generation)
    elif generation.status == Status.DONE and finds_titles(generation):
        ask_for_title(generation)


def finds_titles(generation: Generation) -> bool:
    return generation.endpoint_id is not None or settings.SERVED_MODEL != settings.BUILTIN_NAME


def ask_for_title(generation: Generation) -> None:
    """Where this was the first reply of a conversation whose title is still the beginning of its question."""
    found = Message.objects.filter(generation=generation, parent__parent=None, conversation__task=Task.CHAT)
    reply = found.select_related("conversation", "parent").first()
    if reply is None or reply.parent is None:
        return
    conversation, question = reply.conversation, reply.parent.content
    if not conversation.title_is_ours or conversation.title != titles.from_text(question):
        return
    generation_services.request_generation(
        channel=f"{CHANNEL}{conversation.pk}",
        model=generation.model,
        messages=prompts.title(question[:READ], generation.text[:READ]),
        params=PARAMS,
        priority=Priority.BATCH,
        cache_salt=generation.cache_salt,
        endpoint=generation.endpoint,
    )


def take_title(generation: Generation) -> None:
    title = titles.from_reply(generation.text) if generation.status == Status.DONE else ""
    conversation_id = UUID(generation.channel.removeprefix(CHANNEL))
    conversation = Conversation.objects.select_for_update().filter(pk=conversation_id, title_is_ours=True).first()
    if title and conversation:
        services.name(conversation, title)
        services.changed(conversation)
    Generation.objects.filter(pk=generation.pk).delete()
