"""generation_ended: sent once for each Generation, inside the transaction that ends it, with `generation=`.

A receiver may return a dictionary, which is told with the word of the end. What it writes is committed
together with the end, or not at all; it runs in whichever process ended it.
"""

from django.dispatch import Signal

generation_ended = Signal()
