"""ClickHouse's engine behind as much of its HTTP interface as an exporter needs: `clickhouse.py FOLDER PORT`.

A query in the URL inserts the body, in the format that it names; without one the body is the query.
"""

import os
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from chdb import session

engine = session.Session(sys.argv[1])
one_at_a_time = threading.Lock()


def insert(database, query, body):
    table, form = query.removeprefix("INSERT INTO ").split(" FORMAT ")
    with tempfile.NamedTemporaryFile(delete=False) as file:
        file.write(body)
    try:
        engine.query(f"INSERT INTO {database}.{table} FROM INFILE '{file.name}' FORMAT {form}")
    finally:
        os.unlink(file.name)
    return b""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        asked = parse_qs(urlsplit(self.path).query)
        body = self.body()
        try:
            with one_at_a_time:
                if "query" in asked:
                    answer = insert(asked["database"][0], asked["query"][0], body)
                else:
                    answer = engine.query(body.decode(), "JSONEachRow").bytes()
            self.answer(200, answer)
        except Exception as error:
            self.answer(500, str(error).encode())

    def body(self):
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        chunks = []
        while size := int(self.rfile.readline(), 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Handler).serve_forever()
