"""Change: where in a document a request's answer belongs."""

from django.db import models

from webapp.chat.models import Message


class Change(models.Model):
    """What stood before, at and after the place that a request is about. Its reply takes the place of `selected`;
    several replies to one request are versions of that place, and nothing else of the text can change by them."""

    message = models.OneToOneField(Message, on_delete=models.CASCADE, related_name="change")  # the request
    before = models.TextField(blank=True)
    selected = models.TextField(blank=True)
    after = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.message_id}: {len(self.before)} + {len(self.selected)} + {len(self.after)}"
