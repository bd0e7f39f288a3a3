"""What no feed signs: indexes that are searched, and images that an administrator brings."""
import json
import pathlib
import shutil
import unittest

from home import RECORDED, TREE, TestCase, await_that, main

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
                             ("4660 0x202", ["acme-remote-0001.ota"]), ("lamp s3", ["Acme Lamp"]), ("tuesdays", [])):
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


if __name__ == "__main__":
    main()
