"""Nodes that run elsewhere.

wire        names, limits, channel options, addresses
frame       one message of our stream as bytes, without copying arrays
arrival     a message as both codecs make it
exact       Python values on our wire, unchanged
codec       messages on Juturna's wire
memory      what malloc does with large messages
remotizer   Juturna's own functions for its wire, over codec
window      client: what waits for its answer
link        client: finds out what is there, comes back when it went away
stream      client: one connection to a remote of ours
calls       client: traffic with a remote of Juturna's
trouble     client: why a remote cannot be used, in words
client      the node that stands in for the remote one
instance    server: one node that runs here, and who asked it
session     server: one client, across its connections
server      the services
"""
