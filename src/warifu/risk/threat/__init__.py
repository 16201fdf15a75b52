"""What malware and corrupt parties can do to each way of building the two authentications.

The paper's argument as data (powers, goals, forms, defences, moves), a closure that judges it, and
a checker of the closure's certificates that shares no code with it.
"""
