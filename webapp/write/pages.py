"""What the write page is made of, as HTML: the same pieces serve the first load and the socket."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self
from uuid import UUID

from django.http import Http404
from django.template.loader import render_to_string
from django.utils.html import escape

from webapp.accounts.models import User
from webapp.chat import access
from webapp.chat.actions import feedback_of
from webapp.chat.models import Conversation, Task
from webapp.lib import markdown
from webapp.write import texts
from webapp.write.exports import KINDS
from webapp.write.texts import Piece
from webapp.write.versions import Version, current_version, language_of, next_version_id, versions_page


@dataclass(frozen=True)
class Document:
    """What one person sees of a document, loaded at one moment."""

    conversation: Conversation
    version: Version
    viewer: User

    @cached_property
    def pieces(self) -> list[Piece]:
        if self.version.active:
            return texts.scene(self.version.place).pieces(self.version.message.pk)
        return texts.blocks(self.version.text)

    def html_pieces(self) -> Iterator[str]:
        return map(piece_html, self.pieces)

    @property
    def language(self) -> str:
        """As lang="…" says it."""
        return language_of(self.conversation)

    @property
    def may_write(self) -> bool:
        return "write" in self.conversation.rights

    def context(self) -> dict:
        message = self.version.message
        if message.generation and not message.active:
            said = feedback_of(message, self.viewer)
            message.my_thumb, message.my_correction = said.thumb, said.correction
        return {
            "document": self,
            "conversation": self.conversation,
            "version": self.version,
            "message": self.version.message,
            "may_write": self.may_write,
            "may_manage": "manage" in self.conversation.rights,
            "kinds": KINDS,
            "words": 0 if self.version.active else texts.count_words(self.version.text),
            "next_id": next_version_id(self.version),
            "versions": versions_page(self.conversation),
        }

    def html(self, name: str, **more: object) -> str:
        """A template's output as a plain str, which JSON encoders know."""
        return render_to_string(f"write/{name}.html", {**self.context(), **more}) + ""

    def at(self, version: Version) -> Self:
        return replace(self, version=version)


def document_for(user: User, conversation_id: UUID) -> Document:
    """Raises Http404 and PermissionDenied as `access.conversation_for` does. Loaded again when it changed meanwhile."""
    while True:
        conversation = access.conversation_for(user, conversation_id, task=Task.WRITE)
        if conversation.leaf_id is None:
            raise Http404
        document = Document(conversation, current_version(conversation), user)
        if Conversation.objects.filter(pk=conversation_id, revision=conversation.revision).exists():
            return document


def piece_html(piece: Piece) -> str:
    """Safe HTML, as a plain str, which JSON encoders know."""
    if piece.kind == "live":
        return f'<div class="live" data-reply="{piece.source}"></div>'
    if piece.kind == "rest":
        return f'<div class="rest">{escape(piece.source.strip(chr(10)))}</div>'
    return f'<div class="block">{markdown.render_block(piece.source)}</div>'
