from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from webapp.analyze import tables
from webapp.analyze.models import Label
from webapp.chat.models import Thumb
from webapp.lib import textfiles

TABLES = (".csv", ".tsv")
ONE, LINES = "one", "lines"
LONGEST_TEXT = 20_000  # characters of a text that is judged as one


class FileForm(forms.Form):
    file = forms.FileField(error_messages={"required": gettext_lazy("Choose a file.")})

    def clean_file(self) -> str:
        return text_of(self.cleaned_data["file"])


class AnalyzeForm(forms.Form):
    """A text, lines or a table, pasted or in a file; `table` is what becomes rows."""

    passage = forms.CharField(required=False, strip=False)
    file = forms.FileField(required=False)
    name = forms.CharField(required=False, max_length=200)
    mode = forms.ChoiceField(
        choices=[(LINES, gettext_lazy("Each line by itself")), (ONE, gettext_lazy("As one text"))],
        required=False,
        widget=forms.RadioSelect,
        initial=LINES,
    )
    client_id = forms.UUIDField(required=False)

    def clean(self) -> dict[str, Any]:
        """A file counts where the box is empty: with script the box holds what the file said."""
        data = super().clean() or {}
        text, file = data.get("passage", ""), data.get("file")
        try:
            if not text.strip() and file:
                text, data["name"] = text_of(file), file.name or ""
            if "file" not in self.errors:
                data |= {"text": text.strip(), "table": table_of(text, data.get("name", ""), data.get("mode") or LINES)}
        except forms.ValidationError as error:
            self.add_error("passage", error)
        return data


def table_of(text: str, name: str, mode: str) -> tables.Table:
    text = text.replace("\r\n", "\n").replace("\x00", "")
    if not text.strip():
        raise forms.ValidationError(_("Paste a text, or choose a file."))
    if len(text.encode()) > textfiles.MOST_BYTES:
        raise forms.ValidationError(_("The text is larger than 2 MB. Split it."))
    is_table = name.lower().endswith(TABLES)
    if mode == ONE and not is_table and len(text) > LONGEST_TEXT:
        sentence = _("The text has %(length)d characters; as one text at most %(most)d are judged. Take a part of it.")
        raise forms.ValidationError(sentence % {"length": len(text), "most": LONGEST_TEXT})
    try:
        found = tables.table(text) if is_table else tables.whole(text) if mode == ONE else tables.lines(text)
    except tables.TooMany as error:
        raise forms.ValidationError(str(error)) from error
    except tables.csv.Error as error:
        raise forms.ValidationError(_("The table cannot be read: %(error)s.") % {"error": error}) from error
    if not found.rows:
        raise forms.ValidationError(_("There are no lines in this table but the names of its columns."))
    return found


def text_of(file: UploadedFile) -> str:
    try:
        return textfiles.read(file.name or "", file.read(textfiles.MOST_BYTES + 1))
    except textfiles.Unreadable as error:
        raise forms.ValidationError(str(error)) from error


class ColumnForm(forms.Form):
    column = forms.TypedChoiceField(coerce=int)

    def __init__(self, columns: list[str], *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        field = self.fields["column"]
        assert isinstance(field, forms.TypedChoiceField)
        field.choices = [(at, name.strip() or str(at + 1)) for at, name in enumerate(columns)]


class LabelForm(forms.Form):
    label = forms.ChoiceField(choices=Label)


class ThumbForm(forms.Form):
    thumb = forms.TypedChoiceField(choices=Thumb, coerce=int)
