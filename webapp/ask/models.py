"""Passage: the text that a conversation of this room asks about."""

from django.db import models

from webapp.chat.models import Conversation


class Passage(models.Model):
    """`text` never changes: what answers point to stays where it is."""

    conversation = models.OneToOneField(Conversation, on_delete=models.CASCADE, related_name="passage")
    name = models.CharField(max_length=200, blank=True)  # of the file that it came in
    text = models.TextField()

    def __str__(self) -> str:
        return self.name or self.text[:40]
