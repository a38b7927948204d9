"""`python tests/websocket_server.py PORT`: prints each message before it answers the ping behind it.

A server of the library answers pings as it reads, before its program has seen the messages in front of them:
killed in between, it has confirmed what nobody has. This one serves a single connection, frame by frame.
"""

import socket
import sys

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol


def serve(port: int) -> None:
    """Serve one client until it leaves."""
    with socket.create_server(("127.0.0.1", port)) as listener:
        client, _ = listener.accept()
    protocol = ServerProtocol(max_size=None)
    with client:
        while data := client.recv(65536):
            protocol.receive_data(data)
            for event in protocol.events_received():
                match event:
                    case Request():
                        protocol.send_response(protocol.accept(event))
                    case Frame(opcode=Opcode.TEXT):
                        print(event.data.decode(), flush=True)
            client.sendall(b"".join(protocol.data_to_send()))


if __name__ == "__main__":
    serve(int(sys.argv[1]))
