"""A Chat Completions server that answers from a script: one reply a request, faults included. Requests are kept for the test to look at."""
import http.server
import itertools
import json
import threading


def call(name, _raw=None, **arguments):
    """A tool call; _raw: the argument text as it is, JSON or not."""
    return {"name": name, "arguments": json.dumps(arguments) if _raw is None else _raw}


def say(text="", *calls, reasoning="", pause=0):
    """A reply that streams. pause: seconds between the pieces of its text."""
    return {"text": text, "calls": list(calls), "reasoning": reasoning, "pause": pause}


def fault(kind, *, then=None, text="", status=500):
    """kind: status, cut (connection ends in mid-stream), garbage (a chunk that is no JSON), hang (nothing more comes)."""
    return {"fault": kind, "text": text, "status": status, "then": then}


def pieces(text, size=7):
    return [text[i:i + size] for i in range(0, len(text), size)]


class ScriptedOpenAi:
    """with ScriptedOpenAi([say(...), ...]) as server: server.url is the base URL. A script's entry may be a function of the request's body."""

    def __init__(self, script):
        self.script = list(script)
        self.requests, self.keys = [], []
        self.ended = threading.Event()
        self.lock = threading.Lock()
        self.ids = itertools.count(1)

    def __enter__(self):
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                outer.answer(self)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):  # a client that left
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.server.shutdown()
        self.server.server_close()

    def results(self, at=-1):
        """The texts of the tool results that request `at` carried, in order."""
        return [m["content"] for m in self.requests[at]["messages"] if m["role"] == "tool"]

    def answer(self, http):
        body = json.loads(http.rfile.read(int(http.headers["Content-Length"])))
        with self.lock:
            self.requests.append(body)
            self.keys.append(http.headers.get("Authorization"))
            entry = self.script.pop(0) if self.script else say("The script is at its end.")
        if callable(entry):
            entry = entry(body)
        http.close_connection = True
        if entry.get("fault") == "status":
            text = json.dumps({"error": {"message": entry["text"] or "scripted fault"}}).encode()
            http.send_response(entry["status"])
            http.send_header("Content-Type", "application/json")
            http.send_header("Content-Length", str(len(text)))
            http.end_headers()
            http.wfile.write(text)
            return
        http.send_response(200)
        http.send_header("Content-Type", "text/event-stream")
        http.send_header("Connection", "close")
        http.end_headers()
        self.stream(http, entry)

    def stream(self, http, entry):
        def raw(data):
            http.wfile.write(b"data: " + data + b"\n\n")
            http.wfile.flush()

        def delta(finish=None, **fields):
            raw(json.dumps({"id": "c", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": fields, "finish_reason": finish}]}).encode())

        delta(role="assistant", content="")
        for piece in pieces(entry.get("reasoning", "")):
            delta(reasoning_content=piece)
        for piece in pieces(entry["text"]):
            delta(content=piece)
            if entry.get("pause"):
                self.ended.wait(entry["pause"])
        kind = entry.get("fault")
        if kind == "garbage":
            return raw(b'{"choices": [{"delta": {"cont')
        if kind == "cut":
            return
        if kind == "hang":
            self.ended.wait(60)
            return
        for i, one in enumerate(entry["calls"]):
            delta(tool_calls=[{"index": i, "id": f"call_{next(self.ids)}", "type": "function", "function": {"name": one["name"], "arguments": ""}}])
            for piece in pieces(one["arguments"]):
                delta(tool_calls=[{"index": i, "function": {"arguments": piece}}])
        delta(finish="tool_calls" if entry["calls"] else "stop")
        raw(json.dumps({"id": "c", "choices": [], "usage": {"prompt_tokens": 100, "completion_tokens": 10, "prompt_tokens_details": {"cached_tokens": 40}}}).encode())
        raw(b"[DONE]")
