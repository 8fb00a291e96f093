#!/usr/bin/env python3
"""{{title|text}}: a REST service over a list of items, kept in memory.

GET /items, GET /items/ID, POST /items {"name": …}, DELETE /items/ID
"""
import http.server
import json
import sys

TITLE = {{title|json}}
PORT = 8000
LARGEST_BODY = 1_000_000


class Items:
    def __init__(self, names):
        self.rows = {}
        self.next_id = 1
        for name in names:
            self.add(name)

    def add(self, name):
        row = {"id": self.next_id, "name": name}
        self.rows[self.next_id] = row
        self.next_id += 1
        return row


def respond(items, method, path, body):
    """Return (status, answer) for a request; answer is None or what becomes JSON."""
    parts = [part for part in path.split("?")[0].split("/") if part]
    if not parts:
        return 200, {"title": TITLE, "items": "/items"}
    if parts[0] != "items" or len(parts) > 2:
        return 404, {"error": "no such path"}
    if len(parts) == 1:
        if method == "GET":
            return 200, list(items.rows.values())
        if method == "POST":
            try:
                name = json.loads(body)["name"]
            except (ValueError, KeyError, TypeError):
                return 400, {"error": 'send {"name": "…"}'}
            return 201, items.add(str(name))
        return 405, {"error": "GET or POST"}
    row = items.rows.get(int(parts[1])) if parts[1].isdecimal() else None
    if row is None:
        return 404, {"error": "no such item"}
    if method == "GET":
        return 200, row
    if method == "DELETE":
        del items.rows[row["id"]]
        return 204, None
    return 405, {"error": "GET or DELETE"}


def make_server(port, items):
    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self):
            length = min(int(self.headers.get("Content-Length") or 0), LARGEST_BODY)
            status, value = respond(items, self.command, self.path, self.rfile.read(length))
            data = b"" if value is None else json.dumps(value, ensure_ascii=False).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_DELETE = answer

    return http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)


def main():
    port = int(sys.argv[1]) if len(sys.argv) > 1 else PORT
    server = make_server(port, Items({{items|json}}))
    print(f"{TITLE}: http://127.0.0.1:{server.server_port}/items")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
