import json
import threading
import unittest
import urllib.request

import service


class ServiceTest(unittest.TestCase):
    def setUp(self):
        self.items = service.Items(["first"])

    def test_list_add_delete(self):
        self.assertEqual(service.respond(self.items, "GET", "/items", b""), (200, [{"id": 1, "name": "first"}]))
        self.assertEqual(service.respond(self.items, "POST", "/items", b'{"name": "second"}')[0], 201)
        self.assertEqual(service.respond(self.items, "DELETE", "/items/1", b""), (204, None))
        self.assertEqual(service.respond(self.items, "GET", "/items/1", b"")[0], 404)

    def test_bad_requests(self):
        self.assertEqual(service.respond(self.items, "POST", "/items", b"no json")[0], 400)
        self.assertEqual(service.respond(self.items, "GET", "/other", b"")[0], 404)
        self.assertEqual(service.respond(self.items, "PUT", "/items", b"")[0], 405)

    def test_over_http(self):
        try:
            server = service.make_server(0, self.items)
        except OSError as error:
            self.skipTest(f"no sockets here: {error}")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/items", timeout=10) as answer:
                self.assertEqual(json.load(answer), [{"id": 1, "name": "first"}])
        except OSError as error:
            self.skipTest(f"no sockets here: {error}")
        finally:
            server.shutdown()
            server.server_close()


if __name__ == "__main__":
    unittest.main()
