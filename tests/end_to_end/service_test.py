"""homepatchd as a service: what it tells systemd, who may do what on the bus, and what is installed where."""
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest

from home import BUILD, TREE, TestCase, await_that, main, program

POLICY = TREE / "config/org.homepatch1.conf"
MANAGER = ("org.homepatch1", "/org/homepatch1", "org.homepatch1.Manager")
# As in dbus's own system.conf: nobody owns, nobody calls, unless a file of system.d says so.
SYSTEM_BUS = '''<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>{address}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><deny own="*"/><deny send_type="method_call"/>
<allow send_type="signal"/><allow send_requested_reply="true" send_type="method_return"/>
<allow send_requested_reply="true" send_type="error"/><allow receive_type="method_call"/>
<allow receive_type="method_return"/><allow receive_type="error"/><allow receive_type="signal"/>
<allow send_destination="org.freedesktop.DBus"/></policy>
<include>{policy}</include></busconfig>
'''


class Notices(TestCase):
    def setUp(self):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.socket.close)
        self.socket.bind(str(self.home.folder / "notify"))
        self.socket.settimeout(60)
        self.home.configure(mqtt="enabled = false")

    def start(self, **env):
        return self.home.start_daemon(ready=False, NOTIFY_SOCKET=str(self.home.folder / "notify"), **env)

    def hears(self):
        return self.socket.recv(4096).decode().splitlines()

    def test_it_is_ready_once_it_answers_and_says_when_it_stops(self):
        self.start()
        self.assertIn("READY=1", self.hears())
        self.assertIsNotNone(self.home.status())
        self.home.daemon.popen.send_signal(signal.SIGTERM)
        self.assertIn("STOPPING=1", self.hears())
        self.assertEqual(self.home.daemon.ends(), 0)

    def test_it_feeds_the_watchdog_while_its_loop_turns(self):
        daemon = self.start(WATCHDOG_USEC="300000")
        pings = 0
        while pings < 3:
            pings += self.hears().count("WATCHDOG=1")
        daemon.popen.send_signal(signal.SIGSTOP)
        self.addCleanup(daemon.popen.send_signal, signal.SIGCONT)
        self.socket.settimeout(1)
        with self.assertRaises(TimeoutError):
            while True:
                self.hears()

    def test_it_is_never_ready_with_a_wrong_configuration(self):
        self.home.configure(coap="prot = 1")
        self.assertNotEqual(self.start().ends(), 0)
        self.socket.settimeout(0.2)
        with self.assertRaises(TimeoutError):
            self.hears()


@unittest.skipUnless(os.geteuid() == 0, "only root can be other users")
class Policy(TestCase):
    """The bus reads our own policy file. `games` stands for a member of the group homepatch, which this machine may lack."""

    def setUp(self):
        policy = self.home.folder / "policy.conf"
        policy.write_text(POLICY.read_text().replace('group="homepatch"', 'group="games"')
                          .replace('user="homepatch"', 'user="mail"'))
        self.home.folder.chmod(0o711)
        self.home.bus_address = f"unix:path={self.home.folder}/strict"
        config = self.home.folder / "strict.conf"
        config.write_text(SYSTEM_BUS.format(address=self.home.bus_address, policy=policy))
        self.bus = self.home.start("strict-bus", "dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile")
        await_that("the bus listens", (self.home.folder / "strict").exists)
        self.home.configure(mqtt="enabled = false")
        self.home.start_daemon()

    def call(self, user, to, path, interface, member, *arguments):
        done = subprocess.run([program("dbus-send"), "--system", "--print-reply", f"--dest={to}", path,
                               f"{interface}.{member}", *arguments], text=True, capture_output=True, timeout=60,
                              user=user, group=user if user != "nobody" else "nogroup", extra_groups=[],
                              env={**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": self.home.bus_address})
        return done.returncode, done.stdout + done.stderr

    def test_the_bus_takes_the_file_without_complaint(self):
        self.assertEqual([line for line in self.bus.text().splitlines() if "policy" in line.lower()], [])

    def test_everybody_may_look(self):
        for what in (("Plan",), ("ListImages",), ("ListDamages",), ("ListRequests",), ("ListIndexes",), ("Search", "string:lamp"),
                     ("MatchZigbee", "uint16:1", "uint16:2", "int64:3", "int64:-1", "string:", "array:string:Bulb")):
            self.assertEqual(self.call("nobody", *MANAGER, *what)[0], 0, what)
        self.assertIn("org.homepatch1.Error", self.call("nobody", *MANAGER, "FindDevice", "string:lamp")[1])
        self.assertEqual(self.call("nobody", *MANAGER[:2], "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")[0], 0)
        self.assertEqual(self.call("nobody", *MANAGER[:2], "org.freedesktop.DBus.Properties", "GetAll",
                                   f"string:{MANAGER[2]}")[0], 0)

    def test_nobody_else_may_do_anything(self):
        device = ("org.homepatch1", "/org/homepatch1/device/x", "org.homepatch1.Device")
        update = ("org.homepatch1", "/org/homepatch1/update/1", "org.homepatch1.Update")
        for what in ((*MANAGER, "Refresh"), (*MANAGER, "ResetClock"), (*MANAGER, "RemoveImage", "string:1"), (*device, "Accept"), (*device, "Update"), (*device, "Forget"),
                     (*update, "Cancel"), (*MANAGER, "AMethodOfALaterVersion")):
            status, said = self.call("nobody", *what)
            self.assertNotEqual(status, 0, what)
            self.assertIn("Rejected send message", said, what)  # the bus's own word: homepatchd never saw it

    def test_the_group_passes_the_bus(self):
        _, said = self.call("games", *MANAGER, "Refresh")
        self.assertIn("needs an administrator", said)  # homepatchd's own word: games is not in the group homepatch

    def test_root_may(self):
        self.assertIn("no feed is configured", self.call("root", *MANAGER, "Refresh")[1])

    def test_nobody_else_may_take_the_name(self):
        status, said = self.call("nobody", "org.freedesktop.DBus", "/", "org.freedesktop.DBus", "RequestName",
                                 "string:org.homepatch1", "uint32:0")
        self.assertNotEqual(status, 0)
        self.assertIn("not allowed to own", said)


class Installed(unittest.TestCase):
    """What packages take: every file at its place, and a unit that systemd understands."""

    WANTED = ("etc/homepatch/homepatchd.toml", "usr/sbin/homepatchd", "usr/bin/homepatchctl", "usr/bin/homepatch-feed",
              "usr/bin/homepatch-tuf", "usr/bin/homepatch-sim", "usr/lib/sysusers.d/homepatch.conf",
              "usr/lib/tmpfiles.d/homepatch.conf", "usr/share/dbus-1/system.d/org.homepatch1.conf",
              "usr/share/bash-completion/completions/homepatchctl", "usr/share/man/man1/homepatchctl.1",
              "usr/share/man/man8/homepatchd.8")

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="homepatch-installed."))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        subprocess.run(["meson", "install", "-C", str(BUILD), "--no-rebuild"], check=True, capture_output=True, timeout=120,
                       env={**os.environ, "DESTDIR": str(self.folder)})
        self.files = {str(f.relative_to(self.folder)): f for f in self.folder.rglob("*") if f.is_file()}

    def found(self, path):
        """By its end: the prefix is the build's own."""
        ends = [f for name, f in self.files.items() if ("/" + name).endswith("/" + path.removeprefix("usr/"))]
        self.assertEqual(len(ends), 1, f"{path} in {sorted(self.files)}")
        return ends[0]

    def test_everything_is_at_its_place(self):
        for path in self.WANTED:
            self.found(path)

    def test_systemd_understands_the_unit(self):
        unit = self.found("systemd/system/homepatchd.service")
        started = next(line for line in unit.read_text().splitlines() if line.startswith("ExecStart="))
        for path in started.removeprefix("ExecStart=").replace("--config ", "").split():
            self.assertTrue((self.folder / path.lstrip("/")).is_file(), started)
        # The program lies in the folder here: the line is pointed at it for the check.
        copy = self.folder / "homepatchd.service"
        copy.write_text(unit.read_text().replace("ExecStart=", f"ExecStart={self.folder}"))
        done = subprocess.run([program("systemd-analyze"), "verify", "--man=no", "--recursive-errors=no", str(copy)],
                              text=True, capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("homepatchd.service", done.stderr)

    def test_the_unit_is_well_shut(self):
        done = subprocess.run([program("systemd-analyze"), "security", "--offline=true", "--threshold=15", "--no-pager",
                               str(self.found("systemd/system/homepatchd.service"))],
                              text=True, capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout[-3000:] + done.stderr)


if __name__ == "__main__":
    main()
