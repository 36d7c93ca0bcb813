"""The cast at the product's pages: Alice (owner), Bob (member), Victor (viewer); Charlie owns a team of his own."""

from dataclasses import dataclass

from playwright.sync_api import Browser, Page, StorageState

from tests.launch.product import Product

PASSWORD = "correct horse battery staple"
CHARLIE = f"""
from webapp.accounts.models import User
from webapp.accounts.services import create_team
create_team(name="Borealis", owner=User.objects.create_user("charlie@example.com", "{PASSWORD}", name="Charlie"))
"""


@dataclass
class Site:
    """A product at work, and who has an account there. people: name -> a browser's cookies when they are signed in."""

    product: Product
    people: dict[str, StorageState]

    @property
    def url(self) -> str:
        return self.product.url


def sign_up(page: Page, link: str, name: str, team_name: str | None = None) -> None:
    """From an invitation's link to the page where one writes."""
    page.goto(link)
    if team_name:
        page.get_by_label("Name of your team").fill(team_name)
    else:
        page.get_by_role("link", name="Create an account").click()
    page.get_by_label("Your name").fill(name)
    page.get_by_label("E-mail").fill(f"{name.lower()}@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    page.wait_for_url("**/chat/")


def sign_in(page: Page, url: str, name: str) -> None:
    page.goto(f"{url}/account/login/")
    page.get_by_label("E-mail").fill(f"{name.lower()}@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/chat/")


def invite(page: Page, url: str, role: str) -> str:
    """The link that lets one person in; `page` is an admin's."""
    page.goto(f"{url}/settings/team/")
    page.get_by_label("Role", exact=True).select_option(role)
    page.get_by_role("button", name="Make an invitation link").click()
    return page.get_by_label("Invitation link").input_value()


def gather(browser: Browser, product: Product) -> Site:
    """Everybody, come in as people do: by the first-run link, by invitation links."""
    people: dict[str, StorageState] = {}
    alice = browser.new_context().new_page()
    sign_up(alice, product.said(r"owner's account: (\S+)").group(1), "Alice", "Aurora")
    for name, role in (("Bob", "member"), ("Victor", "viewer")):
        guest = browser.new_context().new_page()
        sign_up(guest, invite(alice, product.url, role), name)
        people[name] = guest.context.storage_state()
        guest.context.close()
    people["Alice"] = alice.context.storage_state()
    alice.context.close()
    product.execute(CHARLIE)
    charlie = browser.new_context().new_page()
    sign_in(charlie, product.url, "Charlie")
    people["Charlie"] = charlie.context.storage_state()
    charlie.context.close()
    return Site(product, people)
