"""What a person wants of a text, as it is kept beside it."""

from dataclasses import asdict, dataclass, field, replace

from webapp.chat.models import Message
from webapp.lib import languages

LIKE = 0.3  # of the shorter text: as much must two texts share to be versions of the same


@dataclass(frozen=True, slots=True)
class Asked:
    """A text and its languages, BCP-47 codes. `source` is what a person chose; "" has it detected. `held`: they chose
    this very target for this text. `switched`: the target that they had, where the text turned out to be in it."""

    text: str
    source: str
    target: str
    detected: languages.Detection = field(default_factory=languages.Detection)
    held: bool = False
    switched: str = ""

    @property
    def language(self) -> str:
        """Of the text, as far as it is known."""
        return self.source or self.detected.code

    @property
    def nothing_to_do(self) -> bool:
        return self.language == self.target

    @property
    def details(self) -> dict:
        """As a message keeps it."""
        return {
            "source": self.source,
            "target": self.target,
            "detected": asdict(self.detected),
            "held": self.held,
            "switched": self.switched,
        }

    @property
    def should_switch(self) -> bool:
        """Surely nothing is to be done, and nobody said that it should be so."""
        return not self.source and not self.held and self.detected.sure and self.nothing_to_do

    def switched_to(self, target: str) -> "Asked":
        return replace(self, target=target, switched=self.target)

    def after(self, before: "Asked | None") -> "Asked":
        """As a later version of that text: what was switched stays so while it is in that language, and no longer."""
        if before is None or not before.switched or self.held or self.target != before.target:
            return self
        if self.language == before.switched or not self.detected.sure:
            return replace(self, switched=before.switched)
        return replace(self, target=before.switched)


def ask(text: str, *, source: str, target: str, held: bool = False) -> Asked:
    return Asked(text, source, target, languages.Detection() if source else languages.detect(text), held)


def asked_of(question: Message) -> Asked:
    """What was kept; a message that came in by another way is in a language still to be found out."""
    kept = question.details
    if "target" not in kept:
        return ask(question.content, source="", target="en")
    detected = languages.Detection(**kept["detected"])
    more = {"held": kept.get("held", False), "switched": kept.get("switched", "")}
    return Asked(question.content, kept["source"], kept["target"], detected, **more)


def is_version(old: str, new: str) -> bool:
    """Whether a text is another version of the one before, and not another text that took its place."""
    old, new = old.strip(), new.strip()
    return not old or shared(old, new) > LIKE * min(len(old), len(new))


def shared(a: str, b: str) -> int:
    """How many characters both have at the beginning and at the end."""
    most = min(len(a), len(b))
    start = next((i for i in range(most) if a[i] != b[i]), most)
    end = next((i for i in range(most - start) if a[-1 - i] != b[-1 - i]), most - start)
    return start + end
