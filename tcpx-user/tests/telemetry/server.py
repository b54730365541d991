"""`server.py ADDRESS`: a port is bound, and nobody listens."""

import socket
import sys

bound = socket.socket()
bound.bind((sys.argv[1], 8080))
print("ready", flush=True)
sys.stdin.read()
