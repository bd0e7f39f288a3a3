"""What no feed signs: indexes that are searched, and images that an administrator brings."""
import hashlib
import json
import os
import pathlib
import shlex
import shutil
import struct
import subprocess
import unittest

from home import LIMIT, PLUG, RECORDED, TREE, TestCase, await_that, main, program

INDEX = TREE / "tests/end_to_end/zigbee_index.json"
MANIFEST = {"name": "Acme Lamp", "version": "2026.8.1", "builds": [
    {"chipFamily": "ESP32-S3", "ota": {"path": "lamp-s3.bin", "md5": "0" * 32}},
    {"chipFamily": "ESP8266", "parts": [{"path": "whole.bin", "offset": 0}]}]}


class Indexes(TestCase):
    def setUp(self):
        self.space = self.home.folder / "space"
        self.space.mkdir()
        shutil.copy(INDEX, self.space / "index.json")
        (self.space / "lamp.json").write_text(json.dumps(MANIFEST))
        self.web = self.home.web_space(self.space)

    def start(self, indexes):
        self.home.configure(mqtt="enabled = false")
        with open(self.home.config_file, "a") as config:
            for index in indexes:
                config.write("[[index]]\n" + "".join(f'{key} = "{value}"\n' for key, value in index.items()))
        self.home.start_daemon()

    def start_both(self):
        self.start([{"name": "z2m", "kind": "zigbee", "url": self.web.url + "/index.json"},
                    {"name": "lamp", "kind": "esp", "url": self.web.url + "/lamp.json"}])
        status, out, err = self.home.ctl("refresh")
        self.assertEqual((status, out), (0, "2 indexes are fetched\n"), err)

    def index(self, name):
        return next(i for i in self.home.ask("search")["indexes"] if i["name"] == name)

    def test_images_are_found_by_any_word_about_them(self):
        self.start_both()
        self.assertEqual((self.index("z2m")["entries"], self.index("z2m")["left_out"]), (2, 1))
        self.assertIn("onlyOnTuesdays", self.index("z2m")["complaints"])
        self.assertEqual((self.index("lamp")["kind"], self.index("lamp")["entries"]), ("esp", 1))
        self.assertIsNotNone(self.index("lamp")["taken"])
        for words, names in (("acme", ["acme-bulb-0102.ota", "acme-remote-0001.ota", "Acme Lamp"]), ("BULB lighting", ["acme-bulb-0102.ota"]),
                             ("4660 0x202", ["acme-remote-0001.ota"]), ("lamp s3", ["Acme Lamp"]), ("tuesdays", []), ("258", ["acme-bulb-0102.ota"]), ("0x102", ["acme-bulb-0102.ota"])):
            found = self.home.ask("search", *words.split())
            self.assertEqual(([i["name"] for i in found["images"]], found["more"]), (names, 0), words)
        bulb, = self.home.ask("search", "bulb")["images"]
        self.assertEqual((bulb["manufacturer_code"], bulb["image_type"], bulb["version"], bulb["bytes"]), (4660, 513, "258", 120))
        self.assertEqual((bulb["hash"], bulb["provenance"]), ("sha512", "hash_only"))
        self.assertEqual(bulb["models"], ["Bulb A19", "Acme", "Acme Lighting"])
        lamp, = self.home.ask("search", "lamp")["images"]
        self.assertEqual((lamp["chip"], lamp["version"], lamp["url"]), ("ESP32-S3", "2026.8.1", self.web.url + "/lamp-s3.bin"))
        self.assertEqual((lamp["hash"], lamp["provenance"]), ("md5", "local_admin"))
        shown = self.home.ctl("search", "acme")[1]
        for text in ("4660", "Bulb A19", "SHA-512", "MD5 only", "none", "Nobody signed these"):
            self.assertIn(text, shown)
        self.assertIn("1 left out", self.home.ctl("search")[1])
        fetched, = (r for r in self.home.ask("privacy")["requests"] if r["path"] == "/index.json")
        self.assertEqual(fetched["status"], 200)
        self.assertGreater(fetched["received"], INDEX.stat().st_size)

    def test_what_fits_a_zigbee_device_is_told_with_every_restriction(self):
        self.start_both()
        bulb = ("--zigbee", "0x1234:0x0201", "--model", "Bulb A19", "--manufacturer", "Acme")

        def match(*more):
            one, = self.home.ask("search", *bulb, *more)["matches"]
            return one
        self.assertEqual(match()["match"], "version_unknown")
        update = match("--installed", "257")
        self.assertEqual((update["index"], update["match"], update["image"]["version"]), ("z2m", "update", "258"))
        self.assertEqual((update["image"]["hash"], update["image"]["provenance"]), ("sha512", "hash_only"))
        self.assertEqual(match("--installed", "0x102")["match"], "up_to_date")
        other = self.home.ask("search", "--zigbee", "4660:513", "--model", "Bulb A60", "--installed", "1")["matches"][0]
        self.assertEqual((other["match"], other["restriction"], other["image"]), ("restricted", "modelId", None))
        remote = self.home.ask("search", "--zigbee", "4660:514", "--model", "Remote", "--installed", "0")["matches"][0]
        self.assertEqual(remote["match"], "no_hash")
        self.assertIn("kept from it by modelId", self.home.ctl("search", "--zigbee", "4660:513", "--installed", "1")[1])
        for words, said in ((("4660",), "with a colon"), (("4660:65536",), "0 to 65535"), (("4660:x",), "0 to 65535"),
                            (("4660:513", "--installed", "4294967296"), "installed version"),
                            (("4660:513", "--hardware", "-1"), "hardware version")):
            status, _, err = self.home.ctl("search", "--zigbee", *words)
            self.assertEqual(status, 1, words)
            self.assertIn(said, err)

    def test_a_server_that_breaks_does_not_take_the_last_good_index_away(self):
        self.start_both()
        for answer in (b"[", b"[]", b"<html>maintenance</html>"):
            self.web.disturb["/index.json"] = lambda handler, _, answer=answer: handler.answer(200, answer)
            status, _, err = self.home.ctl("refresh")
            self.assertEqual(status, 1)
            self.assertIn("index z2m: what came cannot be used, what was there is kept", err)
            self.assertEqual(self.index("z2m")["entries"], 2)
            self.assertIn("is kept", self.index("z2m")["failure"])
            self.assertEqual(self.index("lamp")["failure"], "")
        (self.space / "elsewhere.json").write_text(json.dumps(json.loads(INDEX.read_text())[1:]))
        elsewhere = {"Location": self.web.url.replace("127.0.0.1", "localhost") + "/elsewhere.json"}
        self.web.disturb["/index.json"] = lambda handler, _: handler.answer(302, b"", elsewhere)
        self.assertEqual(self.home.ctl("refresh")[0], 1)
        self.assertEqual(self.web.count("/elsewhere.json"), 0)
        self.home.daemon.stop()
        self.home.start_daemon()
        self.assertEqual(len(self.home.ask("search", "bulb")["images"]), 1)
        self.web.disturb.clear()
        self.assertEqual(self.home.ctl("refresh")[0], 0)
        self.assertEqual(self.index("z2m")["failure"], "")

    def test_an_index_that_did_not_change_is_not_written_again(self):
        self.start_both()
        file = self.home.folder / "state/indexes/z2m.json"
        before = file.stat()
        self.home.ctl("refresh")
        self.assertEqual((file.stat().st_ino, file.stat().st_mtime_ns), (before.st_ino, before.st_mtime_ns))
        self.assertEqual(self.web.count("/index.json"), 2)
        self.web.folder.joinpath("index.json").write_bytes(INDEX.read_bytes() + b"\n")
        self.home.ctl("refresh")
        self.assertNotEqual(file.stat().st_ino, before.st_ino)

    def test_files_on_the_gateway_are_read_when_asked(self):
        manifest = self.space / "lamp.json"
        self.start([{"name": "lamp", "kind": "esp", "file": manifest}, {"name": "gone", "kind": "zigbee", "file": "/nowhere/x"}])
        self.assertEqual(self.home.ask("search", "s3")["images"][0]["url"], "lamp-s3.bin")
        manifest.write_text(json.dumps({**MANIFEST, "version": "2026.9.0"}))
        self.assertEqual(self.home.ask("search", "s3")["images"][0]["version"], "2026.9.0")
        self.assertIn("/nowhere/x", self.index("gone")["failure"])
        self.assertEqual(self.home.ctl("refresh")[0], 2)

    def test_without_an_index_it_says_how_to_name_one(self):
        self.start([])
        for words in ((), ("lamp",)):
            status, out, _ = self.home.ctl("search", *words)
            self.assertEqual(status, 0)
            self.assertIn("[[index]]", out)
        self.assertEqual(self.home.ask("search"), {"indexes": []})

    @unittest.skipUnless(RECORDED, "HOMEPATCH_RECORDED is not set: the recorded index is not here")
    def test_the_community_s_whole_index_is_searched(self):
        shutil.copy(pathlib.Path(RECORDED).parent / "zigbee-ota-index.json", self.space / "index.json")
        self.start_both()
        self.assertEqual((self.index("z2m")["entries"], self.index("z2m")["left_out"]), (897, 0))
        found = self.home.ask("search", "ikea", "tradfri")
        self.assertGreater(len(found["images"]), 10)
        everything = self.home.ask("search", "zigbee-ota")
        self.assertEqual((len(everything["images"]), everything["more"]), (100, 797))
        self.assertIn("797 more were found", self.home.ctl("search", "zigbee-ota")[1])


class RawImage(TestCase):
    """A plug that no feed knows, and an administrator with a file for it."""

    def setUp(self):
        self.home.broker()
        self.index = self.home.folder / "index.json"
        self.index.write_text("[]")
        self.vendor = None
        self.configure()
        self.home.start_daemon()
        self.home.plugs("--tele-period", 2, count=2)
        self.plug = "mac:a0b1c2000001"
        await_that("the plugs said what they run", lambda: sum(1 for d in self.home.devices() if d["installed"]) == 2)
        self.image = self.make("15.0.1")

    def configure(self):
        self.home.configure([self.vendor] if self.vendor else [])
        with open(self.home.config_file, "a") as config:
            config.write(f'[[index]]\nname = "own"\nkind = "zigbee"\nfile = "{self.index}"\n')

    def make(self, version, chip="ESP32", size=300_000):
        image = self.home.folder / f"tasmota-{version}.bin"
        subprocess.run([program("homepatch-sim"), "make-image", "--format", "esp", "--name", "tasmota", "--chip", chip,
                        "--version", version, "--size", str(size), "--out", image], check=True, capture_output=True)
        return image

    def take(self, image, *more, version="15.0.1", device=None):
        return self.home.ctl("import", str(image), "--for", device or self.plug, "--version", version, *more)

    def refused(self, image, text, *more, code=1, **named):
        status, out, err = self.take(image, *(more or ["--yes"]), **named)
        self.assertEqual(status, code, out + err)
        self.assertIn(text, err)
        self.assertEqual(self.home.ask("releases"), {"releases": []})

    def explained(self):
        return self.home.ask("explain", self.plug)["explanation"]

    def test_an_image_is_shown_taken_in_and_installed_when_the_owner_says_so(self):
        digest = hashlib.sha256(self.image.read_bytes()).hexdigest()
        self.refused(self.image, "is not the file that its maker published", "--sha256", "0" * 64)
        self.refused(self.image, "--sha256 HEX, or --yes", "--json")
        status, out, err = self.take(self.image, "--sha256", digest.upper())
        self.assertEqual(status, 0, err)
        for text in ("the format esp-app", "version 15.0.1", "chip esp32", digest, "chip ESP32-D0WD-V3, image tasmota: 2 devices",
                     "An administrator brought the file", f"homepatchctl update {self.plug}"):
            self.assertIn(text, " ".join(out.split()))
        await_that("it is offered", lambda: self.explained()["reason"] == "not_automatic")
        self.assertEqual((self.explained()["verdict"], self.explained()["provenance"]), ("ask", "local_admin"))
        self.assertIn("Taken in by", self.home.ctl("explain", self.plug)[1])
        self.assertEqual(self.home.updates(), [])

        self.home.daemon.stop()
        self.home.start_daemon()
        await_that("the plugs are heard again", lambda: [d["condition"] for d in self.home.devices()] == ["online"] * 2)
        self.assertEqual(self.explained()["reason"], "not_automatic")
        kept, = self.home.ask("cache")["images"]
        self.assertEqual((kept["sha256"], kept["use"], kept["bytes"]), (digest, "imported", self.image.stat().st_size))

        status, out, err = self.home.ctl("update", "--wait", self.plug)
        self.assertEqual(status, 0, out + err)
        self.assertEqual(self.home.phases(), ["confirmed"])
        self.assertEqual({d["id"]: d["installed"] for d in self.home.devices()},
                         {self.plug: "15.0.1", "mac:a0b1c2000002": "14.2.0"})
        self.assertEqual(self.home.ask("privacy")["requests"], [])

    def test_on_a_terminal_it_asks(self):
        command = shlex.join([program("homepatchctl"), "import", str(self.image), "--for", self.plug, "--version", "15.0.1"])
        for answer, status in (("n", 1), ("y", 0)):
            done = subprocess.run(["script", "-qec", command, "/dev/null"], input=answer + "\n", text=True, timeout=LIMIT,
                                  capture_output=True, env={**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": self.home.bus_address})
            self.assertEqual(done.returncode, status, done.stdout)
            self.assertIn("Take it in? [y/N]", done.stdout)
        self.assertEqual(len([r for r in self.home.ask("releases")["releases"] if r["images"]]), 1)

    def test_what_contradicts_itself_is_refused(self):
        self.refused(self.image, "the image's own header says version 15.0.1, not 15.1", version="15.1")
        self.refused(self.make("15.0.2", "ESP32-S3"), "has esp32", version="15.0.2")
        damaged = self.make("15.0.3")
        data = bytearray(damaged.read_bytes())
        data[200_000] ^= 1
        damaged.write_bytes(data)
        self.refused(damaged, "it is damaged", version="15.0.3")
        zigbee = self.home.folder / "bulb.ota"
        zigbee.write_bytes(struct.pack("<IHHHHHIH32sI", 0x0BEEF11E, 0x100, 56, 0, 0x1234, 0x201, 7, 2, b"Bulb", 120) + bytes(64))
        self.refused(zigbee, "is a tasmota device", version="7")
        entry = {"fileVersion": 8, "imageType": 0x201, "manufacturerCode": 0x1234, "url": "https://a.example/bulb.ota",
                 "sha512": hashlib.sha512(zigbee.read_bytes()).hexdigest()}
        self.index.write_text(json.dumps([entry]))
        self.refused(zigbee, "index own: ", version="7")
        self.refused(self.home.folder, "regular file")
        self.refused(os.devnull, "regular file")
        self.refused(self.image, "no device", device="nobody", code=3)

    def test_a_file_that_is_no_bundle_may_be_an_image(self):
        status, _, err = self.home.ctl("import", str(self.image))
        self.assertEqual(status, 3)
        self.assertIn(f"homepatchctl import {self.image} --for DEV --version VERSION", err)

    def test_a_feed_that_speaks_for_the_model_goes_before(self):
        self.assertEqual(self.take(self.image, "--yes")[0], 0)
        self.vendor = self.home.vendor(PLUG)
        self.home.daemon.stop()
        self.configure()
        self.home.start_daemon()
        self.home.await_phase("confirmed", 2)
        self.assertEqual(self.explained()["provenance"], "signed_feed")
        status, _, err = self.take(self.make("16.0.0"), "--yes", version="16.0.0")
        self.assertEqual(status, 1)
        self.assertIn("the feed acme speaks for this model", err)

    def test_an_imported_release_is_forgotten_with_its_image(self):
        self.assertEqual(self.take(self.image, "--yes")[0], 0)
        other = self.make("15.0.1", size=310_000)
        self.assertIn("with other bytes", self.take(other, "--yes")[2])
        self.assertEqual(self.home.ctl("import", "--remove", "15.0.9")[0], 3)
        status, out, err = self.home.ctl("import", "--remove", "15.0.1")
        self.assertEqual(status, 0, err)
        self.assertEqual((self.home.ask("releases")["releases"], self.home.ask("cache")["images"]), ([], []))
        self.assertEqual(self.explained()["reason"], "no_catalog")
        self.assertEqual(self.take(other, "--yes")[0], 0)

    def test_an_image_that_is_gone_can_only_be_imported_again(self):
        self.assertEqual(self.take(self.image, "--yes")[0], 0)
        digest = hashlib.sha256(self.image.read_bytes()).hexdigest()
        (self.home.folder / "cache/objects" / digest).unlink()
        self.home.daemon.stop()
        self.home.start_daemon()
        await_that("the plugs are heard again", lambda: [d["condition"] for d in self.home.devices()] == ["online"] * 2)
        self.home.ctl("update", self.plug)
        await_that("it says what is wrong", lambda: "import it again" in self.home.updates()[0]["detail"])
        self.assertEqual(self.take(self.image, "--yes")[0], 0)
        self.home.await_phase("confirmed")


if __name__ == "__main__":
    main()
