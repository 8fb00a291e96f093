"""The daemon as a process: start, hand-over, stop, ports, kill."""
import os
import pathlib
import shutil
import signal
import socket
import stat
import subprocess
import time

import pytest

from conftest import BINARY


def start(home, *args, binary=BINARY):
    process = subprocess.Popen([binary, "daemon", "--allow-root", *args], env=home.environment, stderr=subprocess.PIPE, text=True)
    for _ in range(200):
        if home.status().get("running") and home.status()["pid"] == process.pid:
            return process
        time.sleep(0.02)
    raise AssertionError("the daemon did not start")


def test_status_without_a_daemon(home):
    result = home.run("status")
    assert result.returncode == 1 and "no daemon is running" in result.stderr


def test_the_socket_is_private_and_a_second_daemon_refuses(home):
    start(home)
    mode = stat.S_IMODE(os.stat(home.folder / "run/wrightd.sock").st_mode)
    assert mode == 0o600 and stat.S_IMODE(os.stat(home.folder / "run").st_mode) == 0o700
    second = home.run("daemon", "--allow-root")
    assert second.returncode == 1 and "already runs" in second.stderr


def test_sigterm_ends_it_and_frees_the_socket(home):
    process = start(home)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=5) == 0
    assert not (home.folder / "run/wrightd.sock").exists()


def test_a_stale_socket_after_kill_9_is_no_obstacle(home):
    process = start(home)
    process.kill()
    process.wait()
    start(home)
    assert home.run("stop").returncode == 0


def test_idle_exit(home):
    process = start(home, "--idle-exit", "1")
    assert process.wait(timeout=20) == 0


def test_a_port_in_use_is_one_clear_line(home):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = home.run("daemon", "--allow-root", "--http", str(taken.getsockname()[1]))
    assert result.returncode == 1 and "cannot listen on 127.0.0.1" in result.stderr and len(result.stderr.strip().splitlines()) == 1


def test_a_newer_client_makes_an_older_daemon_hand_over(home, tmp_path):
    older = tmp_path / "wright"
    shutil.copy(BINARY, older)
    os.utime(older, (1, 1))
    process = start(home, binary=str(older))
    first = home.status()["pid"]
    result = home.run("sessions", "--json")  # any job
    assert process.wait(timeout=10) == 0
    assert home.status()["pid"] != first, result.stderr


def test_as_root_only_when_allowed(home):
    if os.geteuid() != 0:
        pytest.skip("needs root")
    result = home.run("daemon")
    assert result.returncode == 3 and "--allow-root" in result.stderr


def test_unknown_verb_and_bad_arguments(home):
    assert home.run("frobnicate").returncode == 2
    assert home.run("status", "--what").returncode == 2
    assert home.run("daemon", "--http", "99999").returncode == 2
    assert "wright VERB --help" in home.run("--help").stdout


def test_doctor_names_what_is_missing(home):
    shutil.rmtree(home.folder / "cache/models")
    pathlib.Path(home.folder / "cache/models").mkdir()
    result = home.run("doctor")
    assert result.returncode == 1 and "get-model" in result.stdout
