"""A home for one test: a bus, a broker, a vendor's web space, homepatchd and pretend devices.

Everything is real and its own: programs from the build folder, a private dbus-daemon, a mosquitto, free loopback ports,
a folder under /tmp. Whatever was started is ended by its own process id, also when a test fails.
"""
import concurrent.futures
import contextlib
import http.server
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from mqtt_publisher import MqttClient

TREE = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("HOMEPATCH_BUILD_ROOT", TREE / "build")).resolve()
RECORDED = os.environ.get("HOMEPATCH_RECORDED")
LIMIT = 60  # seconds that anything awaited may take
FINISHED = ("confirmed", "failed", "fell_back", "lost", "cancelled")


def program(name):
    """The built program, or the installed one."""
    rooms = {"homepatchd": "daemon", "homepatchctl": "cli", "homepatch-feed": "feed", "homepatch-tuf": "feed",
             "homepatch-sim": "sim"}
    if name in rooms:
        return str(BUILD / rooms[name] / name)
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin")
    if not found:
        raise unittest.SkipTest(f"{name} is not installed")
    return found


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]


def await_that(what, condition, limit=LIMIT):
    """Asks until the answer is true and returns it; fails with `what` when time is up."""
    end = time.monotonic() + limit
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"waited {limit} s in vain until {what}")
        time.sleep(0.05)


class Process:
    """A program under way, its output in a file."""

    def __init__(self, folder, name, command, env=None):
        self.log = folder / f"{name}.log"
        self.command = [program(command[0]), *map(str, command[1:])]
        with open(self.log, "ab") as out:
            self.popen = subprocess.Popen(self.command, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                          env={**os.environ, **(env or {})})

    @property
    def running(self):
        return self.popen.poll() is None

    def text(self):
        return self.log.read_text(errors="replace")

    def memory(self, kind="Private_Dirty"):
        """KiB of its own: Private_Dirty, or Rss or Pss."""
        rollup = pathlib.Path(f"/proc/{self.popen.pid}/smaps_rollup").read_text()
        return next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith(kind + ":"))

    def watch_peak(self):
        """From now on, peak() tells the most memory that it had at any time."""
        pathlib.Path(f"/proc/{self.popen.pid}/clear_refs").write_text("5")  # proc(5): resets the high-water mark

    def peak(self):
        """KiB resident."""
        status = pathlib.Path(f"/proc/{self.popen.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))

    def cpu_seconds(self):
        """User and system time of all its threads so far."""
        fields = pathlib.Path(f"/proc/{self.popen.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def ends(self, limit=LIMIT):
        """Waits for the end and returns the exit status (negative: the signal)."""
        return self.popen.wait(limit)

    def stop(self, with_signal=signal.SIGTERM):
        if self.running:
            self.popen.send_signal(with_signal)
        try:
            return self.popen.wait(20)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait(20)
            raise AssertionError(f"{self.command[0]} did not end within 20 s of {with_signal!r}") from None


class WebSpace:
    """A vendor's static files over HTTP, which counts what was asked and can be told to misbehave.

    `disturb` maps a path's end to a function(handler, bytes) that answers in its own way.
    """

    def __init__(self, folder, port=0):
        self.folder, self.asked, self.disturb = pathlib.Path(folder), [], {}
        space = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                space.asked.append((self.path, dict(self.headers)))
                file = space.folder / self.path.lstrip("/")
                if not file.is_file():
                    return self.answer(404, b"not here")
                body = file.read_bytes()
                for end, act in list(space.disturb.items()):
                    if self.path.endswith(end):
                        return act(self, body)
                first = 0
                wanted = self.headers.get("Range")
                if wanted:
                    first = int(wanted.removeprefix("bytes=").split("-")[0])
                    if first >= len(body):
                        return self.answer(416, b"", {"Content-Range": f"bytes */{len(body)}"})
                    return self.answer(206, body[first:], {"Content-Range": f"bytes {first}-{len(body) - 1}/{len(body)}"})
                return self.answer(200, body)

            def answer(self, status, body, headers=()):
                self.send_response(status)
                for name, value in dict(headers).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                pass  # a client that goes away in the middle is what some tests want

        self.server = Server(("127.0.0.1", port), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def count(self, end):
        return sum(1 for path, _ in self.asked if path.endswith(end))

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


PLUG = {"model": "plug", "name": "Acme Plug", "version": "15.0.1", "seq": 1501, "hw": "any", "shipped": ("14.2.0", 1420),
        "match": '[[match.tasmota]]\nchip = "ESP32-D0WD-V3"\nimage = "tasmota"',
        "image": ["--format", "esp", "--name", "tasmota", "--chip", "ESP32"], "size": 300000}
LAMP = {"model": "lamp", "name": "Acme Lamp", "version": "1.1.0", "seq": 1100, "hw": "A", "shipped": ("1.0.0", 1000),
        "match": '[[match.lwm2m]]\nmanufacturer = "Acme"\nmodel = "Lamp"',
        "image": ["--format", "mcuboot"], "size": 100000}


class Vendor:
    """A publisher with a workshop and a public folder, through homepatch-feed alone."""

    def __init__(self, folder, name="Acme patches", domain="acme.example"):
        self.folder, self.domain = pathlib.Path(folder), domain
        self.folder.mkdir()
        self.tool("init", "work", "--name", name, "--vendor", domain, "--no-passphrase")
        self.root = self.folder / "work/metadata/1.root.json"
        self.public = self.folder / "public"
        self.settings = ""  # more lines for its [[feed]]

    def tool(self, *arguments, fails=False, env=None):
        done = subprocess.run([program("homepatch-feed"), *map(str, arguments)], cwd=self.folder, text=True,
                              capture_output=True, stdin=subprocess.DEVNULL, timeout=120, env={**os.environ, **(env or {})})
        if fails == (done.returncode == 0):
            raise AssertionError(f"homepatch-feed {arguments}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def release(self, of, image_fault=(), **changes):
        """Adds a release of a model, with an image that homepatch-sim makes."""
        facts = {**of, **changes}
        image = self.folder / f"{facts['model']}-{facts['version']}.bin"
        subprocess.run([program("homepatch-sim"), "make-image", *facts["image"], "--version", facts["version"], "--size",
                        str(facts["size"]), "--out", image, *image_fault], check=True, capture_output=True, timeout=60)
        file = self.folder / f"{facts['model']}.toml"
        file.write_text(f'''version = "{facts['version']}"
seq = {facts['seq']}
kind = "security"
severity = "high"
cves = ["CVE-2026-1001"]
summary = "Closes a door that was open to everybody on the network."
[vendor]
id = "{self.domain}"
name = "Acme"
[model]
id = "{facts['model']}"
name = "{facts['name']}"
hw = ["{facts['hw']}"]
{facts['match']}
[support]
end = 2031-05-31
kind = "guaranteed"
[[shipped]]
version = "{facts['shipped'][0]}"
seq = {facts['shipped'][1]}
''')
        self.tool("add", "--feed", "work", file, image)
        return image

    def publish(self):
        self.tool("publish", "public", "--feed", "work", "--yes")


class Home:
    """The gateway and what is around it. Parts are started one by one; leaving the `with` block ends them all."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="homepatch-home."))
        self.parts = []
        self.mqtt_port, self.coap_port = free_port(), free_port(socket.SOCK_DGRAM)
        self.bus_address = f"unix:path={self.folder}/bus"
        self.config_file = self.folder / "homepatchd.toml"
        self.daemon = None
        self.keep = False
        self._bus()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for part in reversed(self.parts):
            with contextlib.suppress(AssertionError):
                part.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def show_logs(self):
        for log in sorted(self.folder.glob("*.log")):
            sys.stderr.write(f"---- {log.name}\n" + "".join(log.read_text(errors="replace").splitlines(True)[-40:]))

    def start(self, name, *command, env=None):
        process = Process(self.folder, name, command, env)
        self.parts.append(process)
        return process

    def _bus(self):
        config = self.folder / "bus.conf"
        config.write_text(f'''<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>{self.bus_address}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_type="method_call"/>
<allow send_destination="*"/><allow receive_sender="*"/></policy></busconfig>
''')
        self.start("dbus", "dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile")
        await_that("the bus listens", (self.folder / "bus").exists)

    def broker(self, more=""):
        config = self.folder / "mosquitto.conf"
        config.write_text(f"listener {self.mqtt_port} 127.0.0.1\nallow_anonymous true\npersistence false\n"
                          f"log_type error\n{more}\n")
        process = self.start("mosquitto", "mosquitto", "-c", config)
        await_that("the broker listens", lambda: not self._refuses(self.mqtt_port))
        return process

    @staticmethod
    def _refuses(port):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) != 0

    def web_space(self, folder):
        space = WebSpace(folder)
        self.parts.append(space)
        return space

    def vendor(self, *models):
        """A vendor's published feed on a web space of its own."""
        vendor = Vendor(self.folder / "vendor")
        for model in models:
            vendor.release(model)
        if models:
            vendor.publish()
        vendor.web = self.web_space(vendor.public)
        return vendor

    def configure(self, vendors=(), more="", clock="trust", **tables):
        """Writes homepatchd.toml with short times. `tables`: whole tables in TOML text by name, instead of the default."""
        parts = {
            "mqtt": f"port = {self.mqtt_port}",
            "coap": f"port = {self.coap_port}",
            "http": "port = 0",
            "cache": f'folder = "{self.folder}/cache"\nkeep_free_mib = 0',
            "policy": 'accept_new = "always"',
            "update": "soak = 1\nretry_base = 1\nrecheck_limit = 4\ninstall_limit = 10\ntransfer_stall = 5\ntasmota_quiet = 1",
            **tables,
        }
        text = f'state = "{self.folder}/state"\nclock = "{clock}"\n{more}\n'
        text += "".join(f"[{name}]\n{body}\n" for name, body in parts.items())
        for vendor in vendors:
            text += f'[[feed]]\nname = "acme"\nurl = "{vendor.web.url}"\nroot = "{vendor.root}"\n{vendor.settings}\n'
        self.config_file.write_text(text)

    def start_daemon(self, ready=True, **env):
        self.daemon = self.start("homepatchd", "homepatchd", "--config", self.config_file,
                                 env={"DBUS_SYSTEM_BUS_ADDRESS": self.bus_address, **env})
        if ready:
            await_that("homepatchd answers", lambda: self.status() or not self.daemon.running)
            assert self.daemon.running, "homepatchd ended:\n" + self.daemon.text()
        return self.daemon

    def ctl(self, *arguments):
        """homepatchctl with these arguments: exit status, output, errors."""
        done = subprocess.run([program("homepatchctl"), *arguments], text=True, capture_output=True, timeout=LIMIT,
                              stdin=subprocess.DEVNULL, env={**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": self.bus_address})
        return done.returncode, done.stdout, done.stderr

    def ask(self, *arguments):
        """The document that homepatchctl --json prints, or None."""
        status, out, _ = self.ctl(*arguments, "--json")
        try:
            return json.loads(out) if status in (0, 2) else None
        except ValueError:
            return None

    def status(self):
        answer = self.ask("status")
        return answer and answer["status"]

    def devices(self):
        answer = self.ask("devices")
        return answer["devices"] if answer else []

    def updates(self):
        answer = self.ask("updates")
        return answer["updates"] if answer else []

    def look_now(self, count=1):
        """Waits until so many devices are known and has the feeds looked at: by itself a home would wait some seconds."""
        await_that("the devices are known",
                   lambda: sum(1 for d in self.devices() if d["installed"]) >= count or not self.daemon.running)
        self.ctl("refresh")

    def phases(self):
        return [update["phase"] for update in self.updates()]

    def await_phase(self, phase, count=1, limit=LIMIT):
        """Until that many updates are in this phase; the answer are all updates."""
        await_that(f"{count} updates are {phase}", lambda: self.phases().count(phase) >= count, limit)
        return self.updates()

    def mqtt_client(self, name):
        client = MqttClient(self.mqtt_port, name)
        self.parts.append(client)
        return client

    def http_port(self):
        return next(int(at.rsplit(":", 1)[1]) for at in self.status()["listening"] if at.startswith("http"))

    def plugs(self, *options, count=1, version="14.2.0", fetch_delay=100):
        return self.start("plugs", "homepatch-sim", "tasmota", "--broker", f"127.0.0.1:{self.mqtt_port}", "--count", count,
                          "--version", version, "--boot-time", 500, "--restart-delay", 100, "--fetch-delay", fetch_delay,
                          "--announce-delay", 100, *options)

    def lamps(self, *options, count=1, version="1.0.0"):
        return self.start("lamps", "homepatch-sim", "lwm2m", "--server", f"127.0.0.1:{self.coap_port}", "--count", count,
                          "--version", version, "--boot-time", 500, "--install-delay", 100, *options)


class TestCase(unittest.TestCase):
    """Gives each test its own home, and shows the home's logs when the test fails."""

    def run(self, result=None):
        result = result or self.defaultTestResult()
        with Home() as self.home:
            super().run(result)
            if any(getattr(test, "test_case", test) is self for test, _ in result.failures + result.errors):
                self.home.show_logs()
        return result


class AtOnce(unittest.TestSuite):
    """Some tests at a time: each has a home of its own, in which it mostly waits."""

    def run(self, result, debug=False):
        with concurrent.futures.ThreadPoolExecutor(3) as threads:
            list(threads.map(lambda test: test.run(result), [test for part in self for test in part]))
        return result


def main(**more):
    unittest.main(**{"verbosity": 2, **more})
