from collections.abc import Iterator

import pytest

from tests.launch.product import Product, installed, wait_for
from tests.launch.visitor import Visitor

EMAIL = "alice@example.com"


@pytest.fixture(scope="package")
def install() -> Iterator[Product]:
    """One install with every part of its own: no URL names another."""
    with installed() as product:
        product.start_to_page()
        yield product


@pytest.fixture(scope="package")
def first_run_link(install: Product) -> str:
    return install.said(r"owner's account: (\S+)").group(1)


@pytest.fixture(scope="package")
def _owner(install: Product, first_run_link: str) -> None:
    """Alice has her account: once for the install, whichever test asks first."""
    visitor = Visitor(install.url)
    visitor.sign_up(first_run_link, name="Alice", email=EMAIL, team_name="Aurora")
    visitor.http.close()


@pytest.fixture
def up(install: Product, _owner: None) -> Product:
    """The install, running: its pages answer, its engine may still be loading."""
    if not install.running:
        install.start_to_page()
    return install


@pytest.fixture
def loading(up: Product) -> Product:
    """The install with its engine not there yet: on its way up for the first time, or killed."""
    if up.readiness()[0] == 200:
        up.said("The engine is ready")
        up.kill("engine")
        wait_for(lambda: up.readiness()[0] == 503, "/readyz is 503")
    return up


@pytest.fixture
def alice(up: Product) -> Iterator[Visitor]:
    visitor = Visitor(up.url)
    visitor.sign_in(EMAIL)
    yield visitor
    visitor.http.close()
