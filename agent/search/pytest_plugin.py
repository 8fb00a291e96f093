# pytest's side of runner_hooks.py, found as `wright_pytest_plugin` through PYTEST_PLUGINS.
import pytest
import wright_runner_hooks as hooks

failed = set()


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    hooks.state["pytest"] = True
    if hooks.state["screening"]:
        config.option.maxfail = 1


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    if hooks.state["screening"]:
        items.sort(key=lambda item: item.nodeid not in hooks.first)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item):
    hooks.begin(item.nodeid)
    yield
    hooks.end(item.nodeid, item.nodeid not in failed)


def pytest_runtest_logreport(report):
    if report.failed:
        failed.add(report.nodeid)
