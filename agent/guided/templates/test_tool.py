import pathlib
import tempfile
import unittest

import tool


class ToolTest(unittest.TestCase):
    def test_add_and_finish(self):
        items = tool.finish(tool.add([], "one"), 1)
        self.assertEqual(items, [{"text": "one", "done": True}])

    def test_unknown_number(self):
        with self.assertRaises(ValueError):
            tool.finish([], 1)

    def test_kept_in_the_file(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "items.json"
            tool.save(path, tool.add([], "one"))
            self.assertEqual(tool.load(path), [{"text": "one", "done": False}])


if __name__ == "__main__":
    unittest.main()
