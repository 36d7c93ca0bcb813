from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from webapp.chat.models import Conversation, Thumb

LONGEST_MESSAGE = 50_000  # characters
LONGEST_QUERY = 200


class MessageForm(forms.Form):
    text = forms.CharField(
        max_length=LONGEST_MESSAGE,
        error_messages={
            "required": _("Write something first."),
            "max_length": _("This is longer than %(limit_value)d characters (%(show_value)d). Send it in parts."),
        },
    )
    client_id = forms.UUIDField(required=False)


class RenameForm(forms.ModelForm):
    class Meta:
        model = Conversation
        fields = ["title"]

    title = forms.CharField(
        max_length=120,
        error_messages={
            "required": _("A conversation needs a title."),
            "max_length": _("A title has at most %(limit_value)d characters."),
        },
    )


class FeedbackForm(forms.Form):
    thumb = forms.TypedChoiceField(choices=Thumb, coerce=int, required=False, empty_value=None)
    correction = forms.CharField(
        max_length=LONGEST_MESSAGE,
        required=False,
        error_messages={
            "max_length": _("This is longer than %(limit_value)d characters (%(show_value)d). Shorten it.")
        },
    )

    def given(self) -> dict[str, Any]:
        """The fields that were sent: what is not sent stays as it was."""
        return {name: value for name, value in self.cleaned_data.items() if name in self.data}


def first_error(form: forms.BaseForm) -> str:
    """The sentence to show where there is room for one."""
    return str(next(iter(form.errors.values()))[0])
