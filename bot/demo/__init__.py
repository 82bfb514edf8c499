"""One night with Muster, played with nothing but the checkout."""
