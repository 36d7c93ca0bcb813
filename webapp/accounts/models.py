"""People, the teams they belong to, and the links by which they join."""

import hashlib
import secrets
from datetime import timedelta
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

INVITATION_AGE = timedelta(days=7)


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class Theme(models.TextChoices):
    SYSTEM = "", _("As the system")
    LIGHT = "light", _("Light")
    DARK = "dark", _("Dark")


class User(AbstractBaseUser, PermissionsMixin):
    email = models.EmailField(_("e-mail"), unique=True)
    name = models.CharField(_("name"), max_length=80, blank=True)
    language = models.CharField(_("language"), max_length=12, blank=True)  # blank: as the browser asks
    theme = models.CharField(_("theme"), max_length=8, blank=True, choices=Theme)
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(default=timezone.now)

    USERNAME_FIELD = EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_unique")]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def channel(self) -> str:
        """The Channels group of this person's open sockets."""
        return f"person.{self.pk}"

    @property
    def initials(self) -> str:
        """One or two letters for the round badge beside what this person wrote."""
        parts = str(self).split("@")[0].split()
        return "".join(part[0] for part in (parts[:1] + parts[1:][-1:])).upper()


class Role(models.TextChoices):
    """What a member may do, the least first. Compare with `at_least`, never by the words."""

    VIEWER = "viewer", _("Viewer")
    MEMBER = "member", _("Member")
    ADMIN = "admin", _("Admin")
    OWNER = "owner", _("Owner")

    @property
    def rank(self) -> int:
        return list(Role).index(self)

    def at_least(self, other: "Role") -> bool:
        return self.rank >= other.rank


class Team(models.Model):
    name = models.CharField(_("name"), max_length=80)
    created_at = models.DateTimeField(default=timezone.now)
    members = models.ManyToManyField(User, through="Membership", related_name="teams")

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=8, choices=Role, default=Role.MEMBER)
    joined_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "user"], name="membership_once")]

    def __str__(self) -> str:
        return f"{self.user} · {self.team} · {self.role}"

    def may(self, role: Role) -> bool:
        return Role(self.role).at_least(role)

    @property
    def is_admin(self) -> bool:
        """Admin or owner: may manage the team's people."""
        return self.may(Role.ADMIN)

    @property
    def is_owner(self) -> bool:
        return self.role == Role.OWNER


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


class Invitation(models.Model):
    """A link that lets one person in. Without a team it is the first-run link: who takes it makes the first team.

    Only the SHA-256 of the token is kept, so that the database gives no links away.
    """

    team = models.ForeignKey(Team, null=True, on_delete=models.CASCADE, related_name="invitations")
    role = models.CharField(max_length=8, choices=Role, default=Role.MEMBER)
    email = models.EmailField(_("e-mail"), blank=True)
    token_digest = models.CharField(max_length=64, unique=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "role", condition=models.Q(team=None, accepted_at=None), name="invitation_one_first_run"
            )
        ]

    def __str__(self) -> str:
        return f"{self.team or 'first run'} · {self.role}"

    @classmethod
    def issue(cls, **fields: Any) -> tuple["Invitation", str]:
        """A new invitation and its token, which can be read only now."""
        token = secrets.token_urlsafe(24)
        expires_at = timezone.now() + INVITATION_AGE
        return cls.objects.create(token_digest=digest(token), expires_at=expires_at, **fields), token

    @classmethod
    def open_for(cls, token: str) -> "Invitation | None":
        """The invitation of that token, unless it was taken or has lapsed."""
        return cls.waiting().select_related("team", "created_by").filter(token_digest=digest(token)).first()

    @classmethod
    def waiting(cls) -> models.QuerySet["Invitation"]:
        return cls.objects.filter(accepted_at=None, expires_at__gt=timezone.now())
