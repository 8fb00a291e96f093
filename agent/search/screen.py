# Runs inside the tests (as sitecustomize, found through PYTHONPATH) of a candidate's first run: see runner_hooks.py. A candidate that
# passes it is run once more without any of this.
import os

import wright_runner_hooks as hooks

hooks.chain()
try:
    hooks.install()
    hooks.screen(float(os.environ["WRIGHT_SCREEN_LIMIT"]), float(os.environ["WRIGHT_SCREEN_TOTAL"]))
except (KeyError, ValueError, OSError):
    pass
