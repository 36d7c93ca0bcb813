"""generation_ended: sent once for each Generation, inside the transaction that ends it, with `generation=`.

What a receiver writes is committed together with the end, or not at all; it runs in whichever process ended it.
"""

from django.dispatch import Signal

generation_ended = Signal()
