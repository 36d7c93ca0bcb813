"""Who may see and do what with a team's endpoints: its admins and owners everything, others nothing."""

from django.http import Http404

from webapp.accounts.access import membership_for
from webapp.accounts.models import Role, User
from webapp.generation.models import Endpoint


def endpoint_for(user: User, endpoint_id: int) -> Endpoint:
    """Raises Http404 for an outsider, PermissionDenied for members and viewers."""
    found = Endpoint.objects.filter(pk=endpoint_id).select_related("team").first()
    if found is None:
        raise Http404
    membership_for(user, found.team_id, at_least=Role.ADMIN)
    return found
