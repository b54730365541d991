"""`client.py SERVER SERVICE`: once told to, has two connections refused and waits for one in vain."""

import socket
import sys


def connect(address, port):
    with socket.socket() as client:
        client.settimeout(0.3)
        try:
            client.connect((address, port))
        except OSError as error:
            print(address, port, error)


print("ready", flush=True)
sys.stdin.readline()
server, service = sys.argv[1:]
connect(server, 8080)
connect(service, 80)
# The server's firewall drops these.
connect(server, 8081)
print("done", flush=True)
sys.stdin.read()
