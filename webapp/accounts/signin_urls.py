"""Those of django-allauth's pages that we have, under the names by which allauth finds them. No other is reachable."""

from allauth.account import views
from django.urls import path, re_path

from webapp.accounts.views import entrance

urlpatterns = [
    path("account/login/", entrance.LoginView.as_view(), name="account_login"),
    path("account/logout/", views.logout, name="account_logout"),
    path("account/inactive/", views.account_inactive, name="account_inactive"),
    path("account/signup/", entrance.SignupView.as_view(), name="account_signup"),
    path("account/password/reset/", entrance.PasswordResetView.as_view(), name="account_reset_password"),
    path("account/password/reset/done/", views.password_reset_done, name="account_reset_password_done"),
    path(
        "account/password/reset/key/done/",
        views.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    re_path(
        r"^account/password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>[^/]+)/$",
        views.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path("settings/password/", views.password_change, name="account_change_password"),
    path("settings/password/set/", views.password_set, name="account_set_password"),
]
