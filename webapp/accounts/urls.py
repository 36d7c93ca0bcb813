"""Invitations, settings and teams."""

from django.urls import path

from webapp.accounts.views import entrance, members, settings, teams

app_name = "accounts"
urlpatterns = [
    path("join/<str:token>/", entrance.join, name="join"),
    path("settings/profile/", settings.profile, name="profile"),
    path("settings/theme/", settings.set_theme, name="set-theme"),
    path("settings/team/", members.team, name="team"),
    path("teams/none/", teams.no_team, name="no-team"),
    path("teams/new/", teams.new_team, name="new-team"),
    path("teams/<int:team_id>/switch/", teams.switch, name="switch-team"),
    path("teams/<int:team_id>/leave/", teams.leave, name="leave-team"),
    path("teams/<int:team_id>/name/", members.rename, name="rename-team"),
    path("teams/<int:team_id>/invitations/", members.invite, name="invite"),
    path("invitations/<int:invitation_id>/revoke/", members.revoke_invitation, name="revoke-invitation"),
    path("members/<int:member_id>/role/", members.change_role, name="change-role"),
    path("members/<int:member_id>/remove/", members.remove_member, name="remove-member"),
    path("members/<int:member_id>/reset-link/", members.reset_link, name="reset-link"),
]
