"""What a person reads when homepatchd cannot start: each text names what happened, to what, and what can be done."""
import os
import shutil
import socket
import sqlite3
import stat
import subprocess
import unittest

from home import LAMP, Home, TestCase, Vendor, await_that, main, program

NOBODY = {"user": "nobody", "group": "nogroup", "extra_groups": []}


class Startup(TestCase):
    def refusal(self, *wanted, status=1):
        """Starts the daemon, which must end by itself with a text that holds all of `wanted`."""
        daemon = self.home.start_daemon(ready=False)
        self.assertEqual(daemon.ends(), status, daemon.text())
        text = daemon.text()
        for words in wanted:
            self.assertIn(words, text)
        self.assertNotIn("is ready", text)
        return text

    def line_of(self, words):
        return 1 + next(i for i, line in enumerate(self.home.config_file.read_text().splitlines()) if words in line)

    def test_an_unknown_key_is_named_with_its_line(self):
        self.home.configure(coap="prot = 5683")
        self.refusal("homepatchd.toml", f"{self.line_of('prot')}", "prot", "unknown")

    def test_a_missing_configuration_is_named(self):
        self.refusal(str(self.home.config_file), "No such file")

    def test_a_file_that_is_not_toml_is_refused_with_its_line(self):
        self.home.config_file.write_text('state = "/x"\n[mqtt\n')
        self.refusal("homepatchd.toml", "2")

    def test_a_root_file_that_is_not_there_is_named_with_its_feed(self):
        vendor = self.home.vendor()
        self.home.configure([vendor])
        vendor.root.unlink()
        self.refusal("feed acme", str(vendor.root), "No such file")

    def check_config(self):
        done = subprocess.run([program("homepatchd"), "--check-config", "--config", str(self.home.config_file)], text=True,
                              capture_output=True, timeout=60)
        return done.returncode, done.stdout + done.stderr

    def test_a_root_file_that_is_none_is_refused_and_does_not_stick(self):
        vendor = self.home.vendor(LAMP)
        self.home.configure([vendor])
        good = vendor.root.read_bytes()
        changed = good.replace(b'"version": 1', b'"version": 2')
        self.assertNotEqual(changed, good)
        for bad in (b"my root file\n", b"{}", changed):
            vendor.root.write_bytes(bad)
            self.refusal("feed acme", str(vendor.root), "is no root file of a feed", "N.root.json")
            status, said = self.check_config()
            self.assertEqual(status, 1)
            self.assertIn(f"root of feed acme: {vendor.root} is no root file of a feed", said)
            self.home.daemon.log.unlink()
        vendor.root.write_bytes(good)
        self.assertEqual(self.check_config()[0], 0)
        self.home.start_daemon()
        await_that("the feed is current", lambda: self.home.status()["feeds"][0]["state"] == "current")

    def test_a_root_file_other_than_the_believed_root_is_told_of(self):
        vendor = self.home.vendor(LAMP)
        self.home.configure([vendor])
        for _ in range(2):  # the second start compares
            self.home.start_daemon()
            await_that("the feed is current", lambda: self.home.status()["feeds"][0]["state"] == "current")
            self.home.daemon.stop()
        self.assertNotIn("root that is believed", self.home.daemon.text())
        vendor.root = Vendor(self.home.folder / "other").root
        self.home.configure([vendor])
        self.home.start_daemon()
        await_that("the feed is current", lambda: self.home.status()["feeds"][0]["state"] == "current")
        for text in (self.home.daemon.text(), self.home.status()["feeds"][0]["text"]):
            self.assertIn(f"its root file {vendor.root} is not the root that is believed", text)
            self.assertIn("remove the folder feeds/acme of its state", text)

    def test_a_password_file_that_is_not_there_is_named(self):
        self.home.configure(mqtt=f'port = {self.home.mqtt_port}\nuser = "homepatch"\npassword_file = "/nowhere/secret"')
        self.refusal("password", "/nowhere/secret", "No such file")

    def test_a_second_daemon_on_the_same_state_is_refused(self):
        self.home.configure()
        self.home.start_daemon()
        with Home() as other:  # a bus of its own
            other.config_file = self.home.config_file
            daemon = other.start_daemon(ready=False)
            self.assertEqual(daemon.ends(), 1, daemon.text())
            self.assertIn(f"another homepatchd works in {self.home.folder}/state; stop it", daemon.text())
        self.assertTrue(self.home.status())

    def test_an_empty_password_file_is_refused(self):
        secret = self.home.folder / "secret"
        secret.touch(mode=0o600)
        self.home.configure(mqtt=f'port = {self.home.mqtt_port}\nuser = "homepatch"\npassword_file = "{secret}"')
        self.refusal(str(secret), "empty")

    def test_a_folder_in_the_place_of_a_secret_or_a_root_is_named(self):
        folder = self.home.folder / "secret"
        folder.mkdir()
        self.home.configure(mqtt=f'port = {self.home.mqtt_port}\npassword_file = "{folder}"')
        self.refusal(f"[mqtt] password_file: {folder} is not a regular file")
        vendor = self.home.vendor()
        vendor.root = folder
        self.home.configure([vendor])
        self.refusal(f"root of feed acme: {folder} is not a regular file")

    @unittest.skipUnless(os.geteuid() == 0, "only root can be other users")
    def test_files_that_it_may_not_read_are_named(self):
        daemon = shutil.copy(program("homepatchd"), self.home.folder)  # the build may lie where nobody can look
        self.home.folder.chmod(0o711)
        secret = self.home.folder / "secret"
        secret.write_text("swordfish\n")
        vendor = self.home.vendor()
        for file, told in ((secret, "[mqtt] password_file: reading"), (vendor.root, "root of feed acme: reading")):
            file.chmod(0o600)
            self.home.configure([vendor] if file == vendor.root else [],
                                mqtt="" if file == vendor.root else f'password_file = "{file}"')
            self.home.config_file.chmod(0o644)
            for folder in vendor.root.parents[:3]:
                folder.chmod(0o755)
            done = subprocess.run([daemon, "--config", str(self.home.config_file)], text=True, capture_output=True,
                                  timeout=60, **NOBODY)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn(f"{told} {file}: Permission denied", done.stderr)

    @unittest.skipUnless(os.geteuid() == 0, "only root can be other users")
    def test_a_publishers_key_that_cannot_be_read_is_named(self):
        tool = shutil.copy(program("homepatch-feed"), self.home.folder)
        self.home.folder.chmod(0o711)
        vendor = Vendor(self.home.folder / "vendor")
        vendor.release(LAMP)
        for path in (vendor.folder, *vendor.folder.rglob("*")):
            shutil.chown(path, "nobody", "nogroup")
        key = vendor.folder / "work/keys/targets.pem"
        for hidden in ("0600 and of somebody else", "a folder"):
            if hidden == "a folder":
                key.unlink()
                key.mkdir(mode=0o755)
            else:
                shutil.chown(key, "root", "root")
            done = subprocess.run([tool, "publish", "public", "--feed", "work", "--yes"], cwd=vendor.folder, text=True,
                                  capture_output=True, timeout=60, stdin=subprocess.DEVNULL, **NOBODY)
            said = {"a folder": (1, "work/keys/targets.pem is not a regular file")}.get(
                hidden, (4, "opening work/keys/targets.pem: Permission denied"))
            self.assertEqual(done.returncode, said[0], done.stdout)
            self.assertIn(said[1], done.stderr)

    def test_a_taken_http_port_is_named(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            self.home.configure(http=f"port = {port}")
            self.refusal("127.0.0.1", str(port), "in use")

    def test_a_taken_coap_port_is_named(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("127.0.0.1", self.home.coap_port))
            self.home.configure()
            self.refusal("UDP port", str(self.home.coap_port), "in use")

    def test_a_database_of_a_newer_version_is_left_untouched(self):
        self.home.configure()
        self.home.start_daemon().stop()
        file = self.home.folder / "state/homepatch.db"
        with sqlite3.connect(file) as database:
            database.execute("PRAGMA user_version = 9999")
        database.close()
        self.home.daemon.log.unlink()
        self.refusal("homepatch.db", "newer", "9999")
        with sqlite3.connect(file) as database:
            self.assertEqual(database.execute("PRAGMA user_version").fetchone()[0], 9999)
        database.close()

    def test_a_file_that_is_no_database_is_left_untouched(self):
        self.home.configure()
        state = self.home.folder / "state"
        state.mkdir()
        (state / "homepatch.db").write_text("My letters to grandmother, and nothing else.\n" * 30)
        self.refusal("homepatch.db", "not a database")
        self.assertIn("grandmother", (state / "homepatch.db").read_text())

    def test_a_second_daemon_on_the_same_bus_is_refused(self):
        self.home.configure()
        self.home.start_daemon()
        first = self.home.daemon
        self.home.coap_port = self.home.mqtt_port  # another UDP port
        self.home.configure(cache=f'folder = "{self.home.folder}/other-cache"\nkeep_free_mib = 0')
        self.home.config_file.write_text(self.home.config_file.read_text().replace("/state", "/other-state"))
        second = self.home.start("second", "homepatchd", "--config", self.home.config_file,
                                 env={"DBUS_SYSTEM_BUS_ADDRESS": self.home.bus_address})
        self.assertEqual(second.ends(), 1)
        self.assertIn("another homepatchd is running", second.text())
        self.assertTrue(first.running)

    def test_without_a_bus_it_says_which_bus(self):
        self.home.configure()
        daemon = self.home.start_daemon(ready=False, DBUS_SYSTEM_BUS_ADDRESS="unix:path=/nowhere/bus")
        self.assertEqual(daemon.ends(), 1)
        self.assertIn("bus", daemon.text())
        self.assertIn("/nowhere/bus", daemon.text())

    def test_a_state_folder_in_the_way_is_named(self):
        self.home.configure()
        (self.home.folder / "state").write_text("a file")
        self.refusal(str(self.home.folder / "state"), "not a folder")

    def test_an_interface_that_is_not_there_yet_is_waited_for(self):
        self.home.configure(network='interfaces = ["lo", "nosuch0"]')
        self.home.start_daemon()
        self.assertIn("nosuch0", self.home.daemon.text())

    @unittest.skipUnless(os.geteuid() == 0, "only root can make a network of its own")
    def test_an_address_that_is_not_usable_yet_is_tried_again_and_holds_up_no_other(self):
        self.home.configure(network='interfaces = ["lo", "v0"]', mqtt="enabled = false")
        # A network with a cable in it: a new IPv6 address on it is tentative for a second or two (RFC 4862 section 5.4).
        start = "ip link set lo up && ip link add v0 type veth peer name v1 && ip link set v1 up && ip link set v0 up && exec "
        if subprocess.run(["unshare", "-n", "sh", "-c", start + "true"], capture_output=True).returncode != 0:
            self.skipTest("this machine lets nobody make a network of its own")
        daemon = self.home.start("homepatchd", "unshare", "-n", "sh", "-c",
                                 f"{start} {program('homepatchd')} --config {self.home.config_file}",
                                 env={"DBUS_SYSTEM_BUS_ADDRESS": self.home.bus_address})
        self.home.daemon = daemon
        await_that("homepatchd answers", lambda: self.home.status() or not daemon.running)
        net = ["nsenter", "-t", str(daemon.popen.pid), "-n"]
        for address in ("10.9.8.7/24", "2001:db8::7/64"):
            subprocess.run([*net, "ip", "address", "add", address, "dev", "v0"], check=True, timeout=10)
        def listens(protocol, address):
            return [at for at in self.home.status()["listening"] if at.startswith(f"{protocol} {address}:")]
        for protocol in ("http", "coap"):
            for address in ("127.0.0.1", "10.9.8.7", "[2001:db8::7]"):
                await_that(f"{protocol} listens on {address}", lambda: listens(protocol, address), 20)
        self.assertLessEqual(daemon.text().count("tried again"), 1)
        self.assertIn("2001:db8::7", daemon.text())

    def test_check_config_only_looks(self):
        self.home.configure()
        check = self.home.start("check", "homepatchd", "--check-config", "--config", self.home.config_file)
        self.assertEqual(check.ends(), 0)
        self.assertIn("The configuration is fine", check.text())
        self.assertFalse((self.home.folder / "state").exists())

    def test_what_it_keeps_is_for_nobody_else(self):
        self.home.configure()
        self.home.start_daemon()
        for name in ("state", "state/homepatch.db", "cache"):
            mode = stat.S_IMODE(os.stat(self.home.folder / name).st_mode)
            self.assertEqual(mode & 0o007, 0, f"{name}: {mode:o}")

    def test_it_says_ready_to_systemd_and_ends_on_sigterm(self):
        path = self.home.folder / "notify"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(str(path))
            notify.settimeout(30)
            self.home.configure()
            daemon = self.home.start_daemon(ready=False, NOTIFY_SOCKET=str(path), WATCHDOG_USEC="400000")
            heard = []
            while not {"READY=1", "WATCHDOG=1"} <= set(heard):
                heard += notify.recv(4096).decode().split("\n")
            self.assertEqual(daemon.stop(), 0)

    def test_it_is_calm_without_a_broker_and_connects_when_there_is_one(self):
        self.home.configure()
        self.home.start_daemon()
        said = self.home.status()["broker_text"]
        self.home.broker()
        await_that("the broker is connected", lambda: self.home.status()["broker"] == "connected")
        self.assertLessEqual(self.home.daemon.text().count("broker 127.0.0.1"), 3, said)

    def test_output_that_cannot_be_written_is_no_success(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([program("homepatchctl"), "--help"], stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("not all of the output could be written: No space left on device", done.stderr)


if __name__ == "__main__":
    main()
