from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from webapp.lib import textfiles

LONGEST_PASSAGE, LONGEST_QUESTION = 100_000, 4_000  # characters


class FileForm(forms.Form):
    """A text file; `text` and `name` are what it holds and is called."""

    file = forms.FileField(error_messages={"required": gettext_lazy("Choose a file.")})

    def clean_file(self) -> str:
        return text_of(self.cleaned_data["file"])


class AskForm(forms.Form):
    """A passage, pasted or in a file, and the first question about it."""

    passage = forms.CharField(required=False, strip=False)
    file = forms.FileField(required=False)
    name = forms.CharField(required=False, max_length=200)
    text = forms.CharField(
        max_length=LONGEST_QUESTION,
        error_messages={
            "required": gettext_lazy("Write a question."),
            "max_length": gettext_lazy("A question has at most %(limit_value)d characters (this one %(show_value)d)."),
        },
    )
    client_id = forms.UUIDField(required=False)

    def clean(self) -> dict[str, Any]:
        """A file counts where the box is empty: with script the box holds what the file said."""
        data = super().clean() or {}
        passage, file = data.get("passage", ""), data.get("file")
        if "file" in self.errors:
            return data
        if not passage.strip() and file:
            try:
                passage, data["name"] = text_of(file), file.name or ""
            except forms.ValidationError as error:
                self.add_error("passage", error)
                return data
        data["passage"] = passage.replace("\r\n", "\n").replace("\x00", "").strip("\n")
        if not data["passage"].strip():
            self.add_error("passage", _("Paste a text, or choose a text file."))
        elif len(data["passage"]) > LONGEST_PASSAGE:
            self.add_error("passage", too_long(len(data["passage"])))
        return data


def text_of(file: UploadedFile) -> str:
    try:
        text = textfiles.read(file.name or "", file.read(textfiles.MOST_BYTES + 1))
    except textfiles.Unreadable as error:
        raise forms.ValidationError(str(error)) from error
    if len(text) > LONGEST_PASSAGE:
        raise forms.ValidationError(too_long(len(text)))
    return text


def too_long(length: int) -> str:
    sentence = _("The text has %(length)d characters; at most %(most)d are read. Take the part that matters.")
    return sentence % {"length": length, "most": LONGEST_PASSAGE}
