"""The forms of the entrance (allauth's, in our words) and of the settings."""

from typing import Any, cast

from allauth.account import forms as allauth_forms
from django import forms
from django.conf import settings
from django.core.validators import MaxLengthValidator
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from webapp.accounts import services
from webapp.accounts.models import Invitation, Membership, Role, User

LONGEST_EMAIL = 254  # characters, as the column
PASSWORD_HINT = _("At least 8 characters. A few words that do not belong together are easy to keep and hard to guess.")
WORDING: dict[str, tuple[StrOrPromise, str, StrOrPromise]] = {  # field: label, autocomplete, hint
    "login": (_("E-mail"), "username", ""),
    "email": (_("E-mail"), "username", ""),
    "password": (_("Password"), "current-password", ""),
    "oldpassword": (_("Current password"), "current-password", ""),
    "password1": (_("New password"), "new-password", PASSWORD_HINT),
}


class Worded(forms.Form):
    """Gives allauth's fields our labels, hints and autocomplete, and asks for a password once."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("password2", None)
        for name, (label, autocomplete, hint) in WORDING.items():
            if field := self.fields.get(name):
                field.label, field.help_text = label, hint
                field.widget.attrs.pop("placeholder", None)
                field.widget.attrs["autocomplete"] = autocomplete
        if email := self.fields.get("email"):
            email.validators.append(MaxLengthValidator(LONGEST_EMAIL))


class LoginForm(Worded, allauth_forms.LoginForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].widget.attrs["autofocus"] = True


class ChangePasswordForm(Worded, allauth_forms.ChangePasswordForm):
    pass


class SetPasswordForm(Worded, allauth_forms.SetPasswordForm):
    pass


class ResetPasswordForm(Worded, allauth_forms.ResetPasswordForm):
    pass


class ResetPasswordKeyForm(Worded, allauth_forms.ResetPasswordKeyForm):
    pass


class SignupForm(Worded, allauth_forms.SignupForm):
    """An account for who holds an invitation; where that names no team, this person names the first."""

    field_order = ["team_name", "name", "email", "password1"]

    def __init__(self, *args: Any, invitation: Invitation, **kwargs: Any) -> None:
        self.invitation = invitation
        super().__init__(*args, **kwargs)
        self.fields["password1"].label = _("Password")
        self.fields["name"] = forms.CharField(
            label=_("Your name"), max_length=80, widget=forms.TextInput({"autocomplete": "name"})
        )
        if invitation.team is None:
            self.fields["team_name"] = team_name_field()
        if invitation.email:
            self.initial["email"] = invitation.email
            self.fields["email"].widget.attrs["readonly"] = True
        self.order_fields(self.field_order)

    def clean_email(self) -> str:
        email = super().clean_email()
        if self.invitation.email and email != self.invitation.email:
            raise forms.ValidationError(_("This invitation is for %(email)s only.") % {"email": self.invitation.email})
        return email

    @transaction.atomic
    def save(self, request: HttpRequest) -> User:
        """The new user, in the team already. Raises services.InvitationGone, and then leaves no user behind."""
        user = super().save(request)
        user.name = self.cleaned_data["name"]
        asked = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        user.language = asked if asked in dict(settings.LANGUAGES) else ""
        user.save(update_fields=["name", "language"])
        team_name = self.cleaned_data.get("team_name", "")
        self.membership = services.accept_invitation(invitation=self.invitation, user=user, team_name=team_name)
        return user


def team_name_field() -> forms.CharField:
    widget = forms.TextInput({"autocomplete": "organization"})
    return forms.CharField(label=_("Name of your team"), max_length=80, widget=widget)


class TeamForm(forms.Form):
    """The name of a team, new or not."""

    team_name = team_name_field()


class ProfileForm(forms.ModelForm):
    language = forms.ChoiceField(label=_("Language"), required=False)

    class Meta:
        model = User
        fields = ["name", "language", "theme"]
        widgets = {"name": forms.TextInput({"autocomplete": "name"})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own_names = [(code, get_language_info(code)["name_local"]) for code, _name in settings.LANGUAGES]
        language = cast(forms.ChoiceField, self.fields["language"])
        language.choices = [("", _("As the browser asks")), *own_names]


class ThemeForm(forms.ModelForm):
    class Meta:
        model = User
        fields = ["theme"]


def roles_under(by: Membership) -> list[tuple[str, Any]]:
    """The roles that this person may give, as choices."""
    return [(role.value, role.label) for role in Role if by.may(role)]


class RoleForm(forms.Form):
    role = forms.ChoiceField(label=_("Role"), initial=Role.MEMBER)

    def __init__(self, *args: Any, by: Membership, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.ChoiceField, self.fields["role"]).choices = roles_under(by)


class InviteForm(RoleForm):
    role = forms.ChoiceField(
        label=_("Role"),
        initial=Role.MEMBER,
        help_text=_("Viewers read. Members also write. Admins also manage people. Owners may do everything."),
    )
    email = forms.EmailField(
        label=_("E-mail"),
        required=False,
        max_length=LONGEST_EMAIL,
        help_text=_("With an e-mail, only that person can use the link."),
        widget=forms.EmailInput({"autocomplete": "off"}),
    )
