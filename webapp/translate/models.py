"""A translation is a conversation with one question, the text, and one reply, its translation. Segment and Correction
are what is particular to this room: the text is cut, and each part is a generation of its own."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from webapp.chat.models import Conversation
from webapp.generation.models import Generation


class Segment(models.Model):
    """One sentence of a conversation's text in one pair of languages; `key` (translate.cutting) says which. Where it
    stands is not stored: the text is cut again. `build` (generation.choices) is of the model that was asked, empty
    where it came in from elsewhere. `dropped`: no longer wanted, it goes when its generation has ended."""

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="segments")
    key = models.CharField(max_length=32)
    source = models.CharField(max_length=12, blank=True)  # BCP-47 codes
    target = models.CharField(max_length=12)
    text = models.TextField()
    generation = models.OneToOneField(Generation, on_delete=models.PROTECT, related_name="+")
    build = models.CharField(max_length=300, blank=True)
    dropped = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["conversation", "key"], condition=models.Q(dropped=False), name="segment_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source}-{self.target}: {self.text[:40]}"


class Correction(models.Model):
    """How a person would have it. The latest one is shown to everybody; training data later, as chat.Feedback is."""

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="corrections")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    text = models.TextField()
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["segment", "author"], name="correction_once")]

    def __str__(self) -> str:
        return f"{self.segment_id} · {self.text[:40]}"
