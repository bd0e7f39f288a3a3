"""Input that nobody here wrote, against the whole daemon: recordings of real devices, and other people's programs."""
import hashlib
import json
import os
import pathlib
import re
import shlex
import signal
import subprocess
import unittest

import invented
from home import LAMP, LIMIT, PLUG, RECORDED, TestCase, await_that, main, program

BIG_PLUG = {**PLUG, "size": 4_000_000}
SLOW = ("--download-rate", 400_000)  # bytes a second: it takes ten seconds, though what fits into buffers comes at once
REAL_PLUG = "E0980680FF6D"  # of the recorded announcement


def run(name, *arguments, data=False):
    """A program's exit status, output and errors."""
    done = subprocess.run([program(name), *map(str, arguments)], capture_output=True, timeout=LIMIT, stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout if data else done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")


class Case(TestCase):
    def device(self, identity):
        return next((d for d in self.home.devices() if d["id"] == identity), None)

    def slow_update(self):
        """An update whose device takes its time to fetch; the URL that it was given."""
        self.vendor = self.home.vendor(BIG_PLUG)
        self.home.broker()
        self.home.configure([self.vendor])
        self.home.start_daemon()
        plugs = self.home.plugs("--tele-period", 2, *SLOW)
        return await_that("the plug was given a URL", lambda: re.search(r'downloading url="(http:[^"]+)"', plugs.text()))[1]


@unittest.skipUnless(RECORDED, "HOMEPATCH_RECORDED is not set: the recordings of real devices are not here")
class RecordedTasmota(Case):
    def setUp(self):
        self.home.broker()
        self.home.configure()
        self.home.start_daemon()
        await_that("the broker is connected", lambda: self.home.status()["broker"] == "connected")

    def publish(self, topic, file, *more):
        status, _, errors = run("mosquitto_pub", "-h", "127.0.0.1", "-p", self.home.mqtt_port, "-t", topic, "-f",
                                pathlib.Path(RECORDED) / "tasmota" / file, *more)
        self.assertEqual(status, 0, errors)

    def announce(self):
        self.publish(f"tasmota/discovery/{REAL_PLUG}/config", "03-discovery-config-13.3.0.1-esp32.json", "-r")
        return await_that("the device is listed", lambda: self.device("mac:" + REAL_PLUG.lower()))

    def version_is(self, version):
        await_that(f"the version is {version}", lambda: self.device("mac:" + REAL_PLUG.lower())["installed"] == version)

    def test_what_is_retained_tells_of_a_device_and_is_no_life(self):
        self.home.daemon.stop()
        self.publish(f"tasmota/discovery/{REAL_PLUG}/config", "03-discovery-config-13.3.0.1-esp32.json", "-r")
        self.home.start_daemon()
        device = await_that("the device is listed", lambda: self.device("mac:" + REAL_PLUG.lower()))
        self.assertEqual((device["name"], device["model"], device["installed"], device["address"]),
                         ("Tasmota", "Generic", "13.3.0.1", "192.168.2.196"))
        self.assertNotEqual(device["condition"], "online")
        self.assertIsNone(device["last_seen"])

    def test_info1_and_status2_tell_the_version(self):
        self.announce()
        self.publish("tele/tasmota_80FF6D/INFO1", "07-info1-14.2.0-release-tasmota.json")
        self.version_is("14.2.0")
        self.assertEqual(self.device("mac:" + REAL_PLUG.lower())["condition"], "online")
        self.publish("stat/tasmota_80FF6D/STATUS2", "09-status2-firmware-11.1.0.json")
        self.version_is("11.1.0")
        self.assertEqual(self.device("mac:" + REAL_PLUG.lower())["hardware"], "ESP8266EX")

    def test_retained_words_about_a_version_count_for_nothing(self):
        self.announce()
        self.publish("tele/tasmota_80FF6D/INFO1", "07-info1-14.2.0-release-tasmota.json", "-r")
        self.version_is("14.2.0")  # for those who hear it while it is said, it is live
        self.publish("stat/tasmota_80FF6D/STATUS2", "09-status2-firmware-11.1.0.json")
        self.version_is("11.1.0")
        self.home.daemon.stop()
        self.home.start_daemon()
        ear = self.home.mqtt_client("ear")
        ear.subscribe("cmnd/#")
        await_that("the device is asked who it is", lambda: [h for h in ear.heard if h[0] == b"cmnd/tasmota_80FF6D/Status"])
        self.assertNotEqual(self.device("mac:" + REAL_PLUG.lower())["installed"], "14.2.0")
        self.assertNotEqual(self.device("mac:" + REAL_PLUG.lower())["condition"], "online")

    def test_messages_of_nobody_who_was_announced_make_no_device(self):
        self.publish("tasmota/discovery/3C71BFF01A7C/sensors", "05-discovery-sensors.json", "-r")
        self.publish("stat/tasmota_01FDF1/STATUS2", "09-status2-firmware-11.1.0.json")
        self.publish("stat/tasmota/RESULT", "12-result-upgrade-accepted.json")
        self.announce()
        self.assertEqual(len(self.home.devices()), 1)


class LibcoapClient(Case):
    """libcoap's own client."""

    def setUp(self):
        self.home.configure(mqtt="enabled = false")
        self.home.start_daemon()

    def coap(self, *arguments):
        status, out, errors = run("coap-client-openssl", "-B", 5, "-v", 6, *arguments)
        return f"{status} {out}{errors}"

    def url(self, rest):
        return f"coap://127.0.0.1:{self.home.coap_port}{rest}"

    def register(self, endpoint):
        said = self.coap("-m", "post", "-t", 40, "-e", "</1/0>,</3/0>,</5/0>",
                         self.url(f"/rd?ep={endpoint}&lt=300&lwm2m=1.1&b=U"))
        self.assertIn("2.01", said)
        return "/".join(["", *re.findall(r"Location-Path:([^,\s\]]+)", said)])

    def test_registers_updates_and_deregisters(self):
        location = self.register("urn:dev:os:1")
        device = await_that("the device is listed", lambda: self.device("lwm2m:urn:dev:os:1"))
        self.assertEqual(device["condition"], "online")
        self.assertIn("2.04", self.coap("-m", "post", self.url(location + "?lt=600")))
        self.assertIn("2.02", self.coap("-m", "delete", self.url(location)))
        await_that("it is offline", lambda: self.device("lwm2m:urn:dev:os:1")["condition"] == "offline")
        again = self.coap("-m", "post", self.url(location))
        self.assertIn("4.04", again)
        self.assertIn("register anew", again)

    def test_nonsense_is_refused_with_a_text(self):
        for what, arguments, text in (
                ("no name", ("-t", 40, "-e", "</3/0>", self.url("/rd?lt=300&lwm2m=1.1")), "ep is missing"),
                ("no objects", (self.url("/rd?ep=x&lwm2m=1.1"),), "object links are missing"),
                ("no links", ("-t", 40, "-e", "<</3/0", self.url("/rd?ep=x&lwm2m=1.1")), ""),
                ("no lifetime", ("-t", 40, "-e", "</3/0>", self.url("/rd?ep=x&lwm2m=1.1&lt=soon")), "lt"),
                ("twice", ("-t", 40, "-e", "</3/0>", self.url("/rd?ep=x&ep=y&lwm2m=1.1")), "twice"),
                ("no LwM2M client", ("-t", 40, "-e", "</lights>", self.url("/rd?ep=x")), "lwm2m")):
            with self.subTest(what):
                said = self.coap("-m", "post", *arguments)
                self.assertRegex(said, r"4\.(00|15)")
                self.assertIn(text, said)
        self.assertIn("4.04", self.coap("-m", "get", self.url("/nothing/here")))
        self.assertEqual(self.home.devices(), [])


class Curl(Case):
    def curl(self, url, *options, address="127.1.0.1"):
        """Status code, headers in small letters, body."""
        status, out, errors = run("curl", "-s", "--max-time", 20, "--interface", address, "--path-as-is", "-i", *options, url,
                                  data=True)
        self.assertEqual(status, 0, errors)
        head, _, body = out.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        return int(lines[0].split()[1]), {n.lower(): v for n, v in (line.split(": ", 1) for line in lines[1:])}, body

    def test_serves_one_image_to_one_address_and_nothing_else(self):
        url = self.slow_update()
        image = (self.vendor.folder / "plug-15.0.1.bin").read_bytes()
        self.whole(url, image)
        self.parts(url, image)
        self.conditions(url, image)
        self.strangers(url)
        self.tricks(url)
        self.home.await_phase("confirmed")
        self.assertEqual(self.curl(url)[0], 404, "the folder is closed when the update is over")

    def whole(self, url, image):
        md5 = hashlib.md5(image).hexdigest()
        for options in ((), ("--http1.0",), ("-H", "Accept-Encoding: gzip"), ("-H", "Connection: close")):
            status, headers, body = self.curl(url, *options)
            self.assertEqual((status, body == image), (200, True), options)
            self.assertEqual((headers["content-length"], headers["x-md5"]), (str(len(image)), md5))
            self.assertFalse({"transfer-encoding", "content-encoding", "location"} & set(headers))
        self.assertTrue(self.curl(url + "?name=value&_t=1")[2] == image, "query strings are ignored")
        status, headers, body = self.curl(url, "-I")
        self.assertEqual((status, headers["content-length"], body), (200, str(len(image)), b""))

    def parts(self, url, image):
        for asked, part in (("0-0", image[:1]), ("1000-1999", image[1000:2000]), ("-7", image[-7:]),
                            (f"{len(image) - 1}-", image[-1:]), ("5-99999999999999999999", image[5:])):
            status, headers, body = self.curl(url, "-r", asked)
            self.assertEqual((status, body == part), (206, True), asked)
            self.assertRegex(headers["content-range"], rf"^bytes \d+-\d+/{len(image)}$")
        for asked in (f"{len(image)}-", "9-5", "-0"):
            status, headers, _ = self.curl(url, "-H", f"Range: bytes={asked}")
            self.assertEqual((status, headers["content-range"]), (416, f"bytes */{len(image)}"), asked)
        self.assertTrue(self.curl(url, "-H", "Range: bytes=0-1,4-5")[2] == image, "one range, or the whole")

    def conditions(self, url, image):
        """It never answers 304: cheap devices take that for success."""
        tag = self.curl(url, "-I")[1]["etag"]
        for header in (f"If-None-Match: {tag}", "If-None-Match: *", "If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT",
                       'If-Match: "other"', "If-Unmodified-Since: Thu, 01 Jan 1970 00:00:00 GMT"):
            status, _, body = self.curl(url, "-H", header)
            self.assertEqual((status, body == image), (200, True), header)
        self.assertEqual(self.curl(url, "-r", "0-9", "-H", f"If-Range: {tag}")[2], image[:10])
        self.assertTrue(self.curl(url, "-r", "0-9", "-H", 'If-Range: "other"')[2] == image)

    def strangers(self, url):
        for address in ("127.9.9.9", "127.0.0.1", "127.1.0.2"):
            self.assertEqual(self.curl(url, address=address)[0], 404, address)
            self.assertEqual(self.curl(url, "-H", "X-Forwarded-For: 127.1.0.1", address=address)[0], 404)

    def tricks(self, url):
        server, token, name = re.fullmatch(r"(http://[^/]+)/([^/]+)/([^/]+)", url).groups()
        other = ("A" if token[0] != "A" else "B") + token[1:]
        for path in ("/", "//", f"/{token}", f"/{token}/", f"/{token}/{name}/", f"/{token}/{name}.gz", f"/{token}//{name}",
                     f"/{token}/../{token}/{name}", f"/{token}/./{name}", f"/{token}/%2e%2e/{token}/{name}", f"/%2e%2e/{name}",
                     f"/{token}/..%2f{name}", f"/{token}/{name.replace('.', '%2e')}", f"/{token}/{name}%00",
                     f"/{token}/{name.upper()}", f"/{other}/{name}", f"/{token.swapcase()}/{name}", "/../../../../etc/passwd",
                     "/%2e%2e/%2e%2e/etc/passwd", f"/{token}/../../../../etc/passwd", "/" + "x" * 3000):
            with self.subTest(path[:80]):
                status, _, body = self.curl(server + path)
                self.assertIn(status, (400, 404))
                self.assertLess(len(body), 200)
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PROPFIND"):
            self.assertEqual(self.curl(url, "-X", method)[0], 405, method)


class Busctl(Case):
    """systemd's program for any bus."""

    MANAGER = ("org.homepatch1", "/org/homepatch1", "org.homepatch1.Manager")

    def busctl(self, *arguments):
        return run("busctl", f"--address={self.home.bus_address}", *arguments)

    def good(self, *arguments):
        status, out, errors = self.busctl(*arguments)
        self.assertEqual(status, 0, errors)
        return out

    def refused(self, words, *arguments):
        status, _, errors = self.busctl(*arguments)
        self.assertEqual(status, 1, arguments)
        self.assertIn(words, errors)

    def two_homes_things(self):
        self.vendor = self.home.vendor(BIG_PLUG)
        self.home.broker()
        self.home.configure([self.vendor], policy='accept_new = "ask"\nupdates = "ask"')
        self.home.start_daemon()
        self.plug = self.home.plugs("--tele-period", 2, *SLOW)
        await_that("the plug can be updated", lambda: [d for d in self.home.devices() if d["target"]])
        found = self.good("call", *self.MANAGER, "FindDevice", "s", "mac:a0b1c2000001")
        self.device_path = re.fullmatch(r'o "(/org/homepatch1/device/\w+)"\n', found)[1]
        self.at_device = ("org.homepatch1", self.device_path, "org.homepatch1.Device")

    def test_reads_calls_and_is_told(self):
        self.two_homes_things()
        self.read()
        monitor = self.monitor()
        self.good("call", *self.at_device, "Accept")
        self.assertRegex(self.good("get-property", *self.at_device, "Standing"), r'^s "accepted"')
        update = re.fullmatch(r'o "(/org/homepatch1/update/\w+)"\n', self.good("call", *self.at_device, "Update", "a{sv}", 0))[1]
        at_update = ("org.homepatch1", update, "org.homepatch1.Update")
        self.assertIn("Phase", self.good("introspect", *at_update))
        await_that("the update was told of", lambda: "InterfacesAdded" in monitor.text() and update in monitor.text())
        self.good("call", *at_update, "Cancel")
        await_that("it is cancelled", lambda: "cancelled" in self.good("get-property", *at_update, "Phase"))
        self.refused("this update is over", "call", *at_update, "Cancel")
        self.told(monitor, update)
        for gone, call in ((update, "org.homepatch1.Update"), (self.device_path, "org.homepatch1.Device")):
            await_that("what is marked was told of", lambda: self.tells_what_is_marked(monitor, gone, call))
        self.plug.stop()  # it would come back
        self.good("call", *self.at_device, "Forget")
        await_that("both were told to be gone", lambda: {update, self.device_path} <= {
            line["payload"]["data"][0] for line in self.signals(monitor, "InterfacesRemoved")})
        self.refused("nknown", "get-property", *at_update, "Phase")

    def read(self):
        tree = self.good("tree", "--list", "org.homepatch1").split()
        self.assertIn(self.device_path, tree)
        self.assertTrue([path for path in tree if path.startswith("/org/homepatch1/release/")], tree)
        for words in ("Plan", "FindDevice", "Progress", "BrokerText"):
            self.assertIn(words, self.good("introspect", *self.MANAGER))
        self.assertIn("SupportEnd", self.good("introspect", *self.at_device))
        self.assertRegex(self.good("get-property", *self.at_device, "Version", "Target", "Standing"),
                         r'^s "14\.2\.0"\ns "15\.0\.1"\ns "new"')
        plan = json.loads(self.good("--json=short", "call", *self.MANAGER, "Plan"))
        self.assertEqual((plan["type"], len(plan["data"][0])), ("aa{sv}", 1))

    def monitor(self):
        command = [program("busctl"), f"--address={self.home.bus_address}", "--json=short", "monitor", "--match",
                   "type='signal',path_namespace='/org/homepatch1'"]
        # On a terminal, made by script, it says each line at once.
        monitor = self.home.start("monitor", "script", "-qfc", shlex.join(command), "/dev/null", env={"SYSTEMD_COLORS": "0"})
        await_that("busctl monitors", lambda: "Monitoring bus" in monitor.text())
        return monitor

    def told(self, monitor, update):
        """Whoever only listens knows the new standing, the phases, and the end."""
        def changes(path, name):
            return [changed[name]["data"] for changed in self.changes(monitor, path) if name in changed]
        await_that("the end was told", lambda: "cancelled" in changes(update, "Phase"))
        self.assertIn("accepted", changes(self.device_path, "Standing"))

    @staticmethod
    def signals(monitor, member):
        lines = [json.loads(line) for line in monitor.text().split("\n")[:-1] if line.startswith("{")]
        return [line for line in lines if line["member"] == member]

    def changes(self, monitor, path):
        return [line["payload"]["data"][1] for line in self.signals(monitor, "PropertiesChanged") if line["path"] == path]

    def tells_what_is_marked(self, monitor, path, interface):
        """Whoever keeps what was told keeps nothing old: the signals name all that the introspection marks."""
        said = self.good("introspect", "org.homepatch1", path, interface)
        marked = set(re.findall(r"^\.(\w+) +property .* emits-change", said, re.MULTILINE))
        self.assertIn("Phase" if "Update" in interface else "Model", marked)
        return marked in [set(changed) for changed in self.changes(monitor, path)]

    def test_wrong_calls_are_answered_with_a_text(self):
        self.two_homes_things()
        name, path, manager = self.MANAGER
        self.refused("no device is called", "call", *self.MANAGER, "FindDevice", "s", "nobody")
        self.refused("no device is called", "call", *self.MANAGER, "FindDevice", "s", "")
        self.refused("nvalid", "call", *self.MANAGER, "FindDevice", "u", 7)
        self.refused("nvalid", "call", *self.MANAGER, "FindDevice")
        self.refused("nvalid", "call", *self.MANAGER, "Plan", "s", "now")
        self.refused("nknown method", "call", *self.MANAGER, "Plann")
        self.refused("nknown", "call", name, path, "org.homepatch1.Nothing", "Plan")
        self.refused("nknown", "get-property", *self.MANAGER, "Nothing")
        self.refused("nknown", "call", name, path + "/device/nobody", "org.homepatch1.Device", "Accept")
        self.refused("nknown", "call", name, path + "/device/mac_3zz", "org.homepatch1.Device", "Accept")
        self.refused("nknown", "call", name, path + "/update/_39999", "org.homepatch1.Update", "Cancel")
        self.refused("nknown", "call", name, path + "/update/x", "org.homepatch1.Update", "Cancel")
        self.refused("not writable", "set-property", *self.MANAGER, "Broker", "s", "mine")
        self.refused("nvalid", "call", *self.at_device, "Update", "s", "now")
        self.assertEqual(self.home.updates(), [])


class Homepatchctl(Case):
    def ctl_process(self, name, *arguments):
        return self.home.start(name, "homepatchctl", *arguments, env={"DBUS_SYSTEM_BUS_ADDRESS": self.home.bus_address})

    def test_ctrl_c_ends_the_watching_and_not_the_update(self):
        self.slow_update()
        watch = self.ctl_process("watch", "watch")
        wait = self.ctl_process("wait", "update", "mac:a0b1c2000001", "--wait")
        await_that("both show the update", lambda: "15.0.1" in watch.text() and "transferring" in wait.text())
        self.assertEqual(watch.stop(signal.SIGINT), 0)
        self.assertEqual(wait.stop(signal.SIGINT), 130)
        self.assertIn("the update goes on", wait.text())
        self.assertIn("homepatchctl cancel 1", wait.text())
        self.home.await_phase("confirmed")

    def test_without_the_daemon_it_says_so_and_what_to_do(self):
        for arguments in (("devices",), ("watch",), ("device", "x"), ("status",), ("update", "x", "--wait"),
                          ("devices", "--json")):
            status, out, errors = self.home.ctl(*arguments)
            self.assertEqual(status, 1, arguments)
            self.assertRegex(out + errors, "homepatchd (is not|does not) (run|answer)", arguments)
        self.home.bus_address = "unix:path=/nowhere/bus"
        status, _, errors = self.home.ctl("devices")
        self.assertEqual(status, 1)
        self.assertIn("bus", errors)

    def test_arguments_that_make_no_sense(self):
        self.home.configure(mqtt="enabled = false")
        self.home.start_daemon()
        for status, arguments in ((1, ["frobnicate"]), (1, ["devices", "all"]), (1, ["device"]), (3, ["device", ""]),
                                  (3, ["device", "\x1b[2J"]), (3, ["device", "x" * 10_000]), (3, ["forget", "../../etc/passwd"]),
                                  (1, ["device", os.fsdecode(b"\xff\xfe")]), (3, ["cancel", "x"]), (3, ["cancel", "9" * 30]),
                                  (3, ["cancel", "7"]), (3, ["cancel", "-1"]), (1, ["update", "--wait"]), (1, ["--nothing"]),
                                  (3, ["explain", "nobody"]), (3, ["accept", "%s%n"])):
            with self.subTest(str(arguments)[:60]):
                answer, out, errors = self.home.ctl(*arguments)
                self.assertEqual(answer, status, out + errors)
                self.assertTrue(errors.strip(), "it says what was wrong")
                self.plain(out + errors)
                self.assertLess(len(errors), 3000)

    def plain(self, text):
        self.assertNotRegex(text, "[\x00-\x08\x0b-\x1f\x7f\x80-\x9f\u202a-\u202e\u2066-\u2069]")

    def test_names_that_would_steer_a_terminal_are_never_printed_raw(self):
        evil = "Lamp\x1b[31m\x07\r\n\x9b2J\u202eEvil\x00"
        self.vendor = self.home.vendor(LAMP)
        self.home.broker()
        self.home.configure([self.vendor])
        self.home.start_daemon()
        stranger = self.home.mqtt_client("stranger")
        stranger.publish(invented.config_topic(1), invented.config(1, dn=evil, md=evil, ip=evil, sw=evil, fn=[evil]),
                         retain=True)
        lamps = self.home.lamps("--manufacturer", "Ac\x1b[2Jme", "--model", "La\x9bmp", "--hardware", "\x1b]0;A\x07")
        await_that("both are listed", lambda: len(self.home.devices()) == 2)
        await_that("the lamp was asked", lambda: "reported" in lamps.text())
        await_that("the lamp said its version", lambda: self.device("lwm2m:lamp-0000")["installed"])
        for arguments in (["devices"], ["plan"], ["status"], ["updates"], ["releases"], ["device", "lwm2m:lamp-0000"],
                          ["device", "mac:d00000000001"], ["explain", "mac:d00000000001"], ["accept", "mac:d00000000001"],
                          ["update", "mac:d00000000001"], ["forget", "mac:d00000000001"]):
            _, out, errors = self.home.ctl(*arguments)
            self.plain(out + errors)
            self.plain(self.home.ctl(*arguments, "--json")[1])
        self.plain(self.home.daemon.text())


if __name__ == "__main__":
    main()
