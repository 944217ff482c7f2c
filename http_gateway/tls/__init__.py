"""TLS in front of Granian: a relay that ends it, and tells the workers who is at the other end.

Granian can do TLS, but gives the application no client certificate and reads its files once. So processes of their
own (`python -m http_gateway.tls`, started by `front.py`) accept at `gateway.listen`, shake hands and copy bytes to
Granian, which then listens on a Unix socket in a folder nobody else may enter. The name of the relay's end of such a
connection says who the sender is (`names.py`), and Granian hands that name to the application (`relayed.py`).
"""
