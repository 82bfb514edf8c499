"""What an alert goes through after it is read: small stages, each a pure function that lets it pass or rules on it.

Order: verify, parse and dedup stand before (edge, reader, stored episodes); then route, flap, silence, monitor,
sustained, inhibit, group; what passes all of them opens or attaches.
"""
