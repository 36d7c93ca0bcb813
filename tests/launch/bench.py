"""python -m tests.launch.bench: how long `up` takes to show a page, to be ready and to stop, and its memory."""

import time

import psutil

from tests.launch.product import Product, installed


def main() -> None:
    with installed() as product:
        for name in ("first start", "next start"):
            print(name, measured(product), flush=True)


def measured(product: Product) -> str:
    began = time.monotonic()
    product.start_to_page()
    page = time.monotonic()
    product.wait_until_ready()
    ready = time.monotonic()
    memory = sum(process.memory_full_info().pss for process in product.processes())
    product.end()
    stopped = time.monotonic() - ready
    load = psutil.getloadavg()[0]
    return (
        f"page {page - began:.1f} s · ready {ready - began:.1f} s · {memory / 1e9:.2f} GB · "
        f"stopped in {stopped:.1f} s · load {load:.1f}"
    )


if __name__ == "__main__":
    main()
