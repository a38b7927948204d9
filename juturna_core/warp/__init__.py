"""Nodes that run elsewhere.

    wire        names, limits, channel options, addresses
    frame       one message of our stream as bytes, without copying arrays
    arrival     a message as both codecs make it
    exact       Python values on our wire, unchanged
    codec       messages on Juturna's wire
    window      client: what waits for its answer
    link        client: the connection, ours or Juturna's way
    client      the node that stands in for the remote one
    instance    server: one node that runs here, and who asked it
    session     server: one client, across its connections
    server      the services
"""
