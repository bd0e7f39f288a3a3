"""A vendor's web space that lies, breaks and stalls: what the owner reads, and that nothing wrong reaches a device."""
import os
import shutil
import time
import unittest

from home import FINISHED, LAMP, PLUG, TestCase, await_that, main

FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"


class Feed(TestCase):
    def setUp(self):
        self.vendor = self.home.vendor(LAMP)
        self.web = self.vendor.web

    def start(self, **env):
        self.home.configure([self.vendor], mqtt="enabled = false")
        self.home.start_daemon(**env)
        return await_that("the feed was looked at", lambda: self.feed() if self.feed()["state"] != "never" else None)

    def feed(self):
        return self.home.status()["feeds"][0]

    def refreshed(self):
        """homepatchctl refresh, and the feed's own words after it."""
        status, out, err = self.home.ctl("refresh")
        return status, out + err, self.feed()

    def bend(self, name, change):
        """Changes one published file, as a thief of the web space can."""
        file = next(self.vendor.public.rglob(name))
        file.write_bytes(change(file.read_bytes()))

    def a_lamp_arrives(self):
        self.home.lamps("--lifetime", 5)
        self.home.look_now()
        return await_that("the update is over", lambda: [u for u in self.home.updates() if u["phase"] in FINISHED])[0]

    def an_image_that_never_comes(self, answer, *words):
        """The lamp's image is answered by `answer`; the update must say why and the lamp stay as it was."""
        self.web.disturb[".bin"] = answer
        self.start()
        self.home.lamps("--lifetime", 5)
        self.home.look_now()
        update = await_that("the failure is told", lambda: next(
            (u for u in self.home.updates() if u.get("detail") and u["phase"] in ("waiting", "failed")), None))
        text = f"{update['text']} {update['detail']}"
        for word in words:
            self.assertIn(word, text)
        self.assertEqual(self.home.devices()[0]["installed"], "1.0.0")
        self.assertNotIn("downloading", self.home.folder.joinpath("lamps.log").read_text())

    # Metadata

    def test_a_good_feed_is_current(self):
        self.assertEqual(self.start()["state"], "current")

    def test_metadata_with_a_wrong_signature_is_refused(self):
        self.bend("timestamp.json", lambda b: b.replace(b'"sig": "', b'"sig": "0').replace(b'"sig":"', b'"sig":"0'))
        feed = self.start()
        self.assertEqual(feed["state"], "failing")
        self.assertIn("timestamp", feed["text"])
        self.assertIn("sign", feed["text"])

    def test_changed_metadata_is_refused(self):
        self.bend("*.targets.json", lambda b: b.replace(b"1.1.0", b"6.6.6"))
        feed = self.start()
        self.assertEqual(feed["state"], "failing")
        self.assertIn("targets", feed["text"])

    def test_a_rolled_back_feed_is_refused_and_what_was_known_stays(self):
        before = self.home.folder / "before"
        shutil.copytree(self.vendor.public, before)
        self.vendor.release(LAMP, version="1.2.0", seq=1200)
        self.vendor.publish()
        self.start()
        self.assertEqual(self.a_lamp_arrives()["to"], "1.2.0")
        for file in before.rglob("*.json"):
            shutil.copy(file, self.vendor.public / file.relative_to(before))
        status, _, feed = self.refreshed()
        self.assertEqual(status, 1)
        self.assertIn("timestamp", feed["text"])
        self.assertIn("rolled back", feed["text"])
        self.assertIn("1.2.0", [release["version"] for release in self.home.ask("releases")["releases"]])

    @unittest.skipUnless(os.path.exists(FAKETIME), "libfaketime is not installed")
    def test_an_expired_feed_is_refused(self):
        self.vendor.tool("refresh", "public", "--feed", "work", env={"LD_PRELOAD": FAKETIME, "FAKETIME": "-400d"})
        feed = self.start()
        self.assertEqual(feed["state"], "failing")
        self.assertIn("expired", feed["text"])

    def test_a_catalog_that_is_not_what_was_signed_is_refused(self):
        self.start()
        self.bend("*catalog.json", lambda b: b.replace(b"1.1.0", b"6.6.6"))
        self.home.lamps("--lifetime", 5)
        self.home.look_now()
        feed = await_that("the refusal is told", lambda: self.feed() if "catalog" in self.feed()["text"] else None)
        self.assertIn("acme.example/lamp/catalog.json", feed["text"])

    def test_metadata_without_an_end_is_cut_off(self):
        def endless(handler, _):
            handler.send_response(200)
            handler.send_header("Connection", "close")
            handler.end_headers()
            for _ in range(100_000):
                handler.wfile.write(b" " * 65536)

        self.web.disturb["timestamp.json"] = endless
        feed = self.start()
        self.assertIn("timestamp", feed["text"])
        self.assertEqual(feed["state"], "failing")

    def test_a_server_in_trouble_is_named(self):
        self.web.disturb["timestamp.json"] = lambda handler, _: handler.answer(503, b"later")
        feed = self.start()
        self.assertIn("503", feed["text"])

    def test_no_server_at_all_is_named_and_tried_again(self):
        self.web.stop()
        self.home.parts.remove(self.web)
        feed = self.start()
        self.assertEqual(feed["state"], "failing")
        self.assertIn("127.0.0.1", feed["text"])

    def test_a_redirect_to_another_host_is_not_followed(self):
        self.web.disturb["timestamp.json"] = lambda handler, _: handler.answer(
            302, b"", {"Location": "http://127.0.0.2:9/metadata/timestamp.json"})
        feed = self.start()
        self.assertEqual(feed["state"], "failing")
        self.assertIn("redirect", feed["text"].lower())

    def test_a_stored_root_that_cannot_be_read_is_told_and_not_replaced(self):
        self.start()
        self.home.daemon.stop()
        root = self.home.folder / "state/feeds/acme/metadata/root.json"
        root.unlink()
        root.mkdir()
        self.home.start_daemon()
        feed = await_that("the feed was looked at", lambda: self.feed() if self.feed()["state"] == "failing" else None)
        self.assertIn("the trusted root", feed["text"])
        self.assertTrue(root.is_dir())

    # Mirrors, and what a vendor learns

    def with_a_mirror(self):
        """A second web space with the same files, named as a mirror."""
        copy = self.home.folder / "mirror"
        shutil.copytree(self.vendor.public, copy)
        mirror = self.home.web_space(copy)
        self.vendor.settings = f'mirrors = ["{mirror.url}"]'
        return mirror

    def test_when_the_first_address_is_away_the_mirror_gives_all(self):
        mirror = self.with_a_mirror()
        self.web.stop()
        self.home.parts.remove(self.web)
        self.assertEqual(self.start()["state"], "current")
        self.assertEqual(self.a_lamp_arrives()["phase"], "confirmed")
        self.assertEqual(mirror.count(".bin"), 1)

    def test_a_mirror_that_lies_is_left_for_another(self):
        self.with_a_mirror()
        self.bend("timestamp.json", lambda b: b.replace(b'"sig": "', b'"sig": "0').replace(b'"sig":"', b'"sig":"0'))
        self.assertEqual(self.start()["state"], "current")

    def test_an_image_that_one_mirror_spoilt_comes_from_the_other(self):
        mirror = self.with_a_mirror()
        self.web.disturb[".bin"] = lambda handler, body: handler.answer(200, body[:-1] + bytes([body[-1] ^ 1]))
        self.start()
        self.assertEqual(self.a_lamp_arrives()["phase"], "confirmed")
        self.assertEqual(mirror.count(".bin"), 1)

    def test_the_vendor_does_not_learn_which_of_its_models_is_here(self):
        self.vendor.release(PLUG)
        self.vendor.publish()
        self.start()
        self.assertEqual(self.a_lamp_arrives()["phase"], "confirmed")
        self.assertEqual(self.web.count("catalog.json"), 2, self.web.asked)
        self.assertEqual([path for path, _ in self.web.asked if path.endswith(".bin") and "plug" in path], [])

    def test_a_further_model_of_the_vendor_needs_no_question(self):
        self.vendor.release(LAMP, model="strip", name="Acme Strip", version="2.1.0", seq=2100, shipped=("2.0.0", 2000),
                            match='[[match.lwm2m]]\nmanufacturer = "Acme"\nmodel = "Strip"')
        self.vendor.publish()
        self.start()
        self.assertEqual(self.a_lamp_arrives()["phase"], "confirmed")
        asked = self.web.count("timestamp.json")
        self.home.lamps("--lifetime", 5, "--model", "Strip", "--endpoint-prefix", "strip-", "--address", "127.3.0.1",
                        version="2.0.0")
        self.home.await_phase("confirmed", 2)
        self.assertEqual(self.web.count("timestamp.json"), asked)

    def test_every_request_can_be_shown(self):
        self.start()
        self.a_lamp_arrives()
        shown = [request["path"] for request in self.home.ask("privacy")["requests"]]
        self.assertEqual(shown, [path for path, _ in self.web.asked])
        answer = self.home.ask("privacy")
        self.assertEqual(answer["total"], len(shown))
        [host] = answer["hosts"]
        self.assertEqual((host["host"], host["requests"]), (self.web.url.removeprefix("http://"), len(shown)))
        self.assertEqual(host["received"], sum(request["received"] for request in answer["requests"]))
        status, out, _ = self.home.ctl("privacy")
        self.assertIn(f"{len(shown)} requests since homepatchd started, all listed", " ".join(out.split()))
        self.assertEqual(status, 0)
        self.assertIn("timestamp.json", out)

    def test_what_is_cached_is_shown_with_its_reason(self):
        self.start()
        self.a_lamp_arrives()
        cache = self.home.ask("cache")
        self.assertEqual([image["use"] for image in cache["images"]], ["last_known_good"])
        self.assertEqual(cache["images"][0]["version"], "1.1.0")

    # Images

    def test_an_image_that_the_flash_lost_is_told_and_fetched_again(self):
        self.start()
        self.assertEqual(self.a_lamp_arrives()["phase"], "confirmed")
        [image] = self.home.ask("cache")["images"]
        self.assertEqual(self.home.ask("cache")["written_bytes"], image["bytes"])
        self.home.daemon.stop()
        kept = self.home.folder / "cache/objects" / image["sha256"]
        kept.chmod(0o600)
        os.truncate(kept, image["bytes"] - 1)
        self.home.start_daemon()
        cache = self.home.ask("cache")
        self.assertEqual(cache["images"], [])
        self.assertEqual([(d["sha256"], d["times"]) for d in cache["damages"]], [(image["sha256"], 1)])
        self.assertIn("wears out", self.home.ctl("cache")[1])
        self.home.lamps("--lifetime", 5, "--endpoint-prefix", "late-", "--address", "127.3.0.1")
        self.home.await_phase("confirmed", 2)
        self.assertEqual(self.web.count(".bin"), 2)

    def test_an_image_that_is_taken_back_leaves_the_cache_and_is_offered_to_nobody(self):
        self.start()
        self.assertEqual(self.a_lamp_arrives()["phase"], "confirmed")
        [image] = self.home.ask("cache")["images"]
        self.vendor.tool("deny", image["sha256"], "--reason", "bricks revision A", "--feed", "work")
        self.vendor.publish()
        self.assertEqual(self.refreshed()[0], 0)
        self.assertEqual(self.home.ask("cache")["images"], [])
        self.assertEqual(list((self.home.folder / "cache/objects").iterdir()), [])
        self.assertIn("bricks revision A", self.home.daemon.text())
        self.home.lamps("--lifetime", 5, "--endpoint-prefix", "late-", "--address", "127.3.0.1")
        await_that("the late lamp is explained", lambda: next(
            (d for d in self.home.devices() if d["id"].startswith("lwm2m:late") and d["reason"] == "taken_back"), None))
        self.assertEqual(len(self.home.updates()), 1)

    def test_an_update_under_way_ends_when_its_image_is_taken_back(self):
        self.web.disturb[".bin"] = lambda handler, _: handler.answer(503, b"later")
        self.start()
        self.home.lamps("--lifetime", 5)
        self.home.look_now()
        await_that("the update waits", lambda: "waiting" in self.home.phases())
        image = next(self.vendor.folder.glob("*.bin"))
        self.vendor.tool("deny", image, "--reason", "withdrawn", "--feed", "work")
        self.vendor.publish()
        self.refreshed()
        update = self.home.await_phase("cancelled")[0]
        self.assertEqual(update["reason"], "taken_back")
        self.assertIn("the feed acme: withdrawn", update["detail"])

    def test_an_image_with_another_digest_reaches_nobody(self):
        self.an_image_that_never_comes(lambda handler, body: handler.answer(200, body[:-1] + bytes([body[-1] ^ 1])),
                                       "not what was signed")

    def test_an_image_that_is_too_short_reaches_nobody(self):
        self.an_image_that_never_comes(lambda handler, body: handler.answer(200, body[:-1000]), "did not deliver")

    def test_an_image_that_is_too_long_reaches_nobody(self):
        self.an_image_that_never_comes(lambda handler, body: handler.answer(200, body + b"more"), "bytes")

    def test_an_image_that_is_gone_is_named(self):
        self.an_image_that_never_comes(lambda handler, _: handler.answer(404, b"gone"), "404")

    def test_a_download_that_breaks_goes_on_where_it_stopped(self):
        state = {"broken": False}

        def breaks_once(handler, body):
            if not state["broken"]:
                state["broken"] = True
                handler.send_response(200)
                handler.send_header("Content-Length", str(len(body)))
                handler.end_headers()
                handler.wfile.write(body[:60_000])
                handler.wfile.flush()
                handler.connection.close()
                return
            first = int((handler.headers.get("Range") or "bytes=0-").removeprefix("bytes=").split("-")[0])
            state["first"] = first
            handler.answer(206 if first else 200, body[first:], {
                "Content-Range": f"bytes {first}-{len(body) - 1}/{len(body)}"} if first else {})

        self.web.disturb[".bin"] = breaks_once
        self.start()
        self.assertEqual(self.a_lamp_arrives()["phase"], "confirmed")
        self.assertGreater(state["first"], 0)

    def test_a_download_goes_on_after_the_daemon_was_killed(self):
        state = {"slow": True, "first": []}

        def slow(handler, body):
            first = int((handler.headers.get("Range") or "bytes=0-").removeprefix("bytes=").split("-")[0])
            state["first"].append(first)
            handler.send_response(206 if first else 200)
            handler.send_header("Content-Length", str(len(body) - first))
            if first:
                handler.send_header("Content-Range", f"bytes {first}-{len(body) - 1}/{len(body)}")
            handler.end_headers()
            for at in range(first, len(body), 10_000):
                handler.wfile.write(body[at:min(at + 10_000, len(body))])
                handler.wfile.flush()
                if state["slow"] and at >= 50_000:
                    state["reached"] = True
                    while state["slow"]:
                        time.sleep(0.05)
                    return

        self.web.disturb[".bin"] = slow
        self.start()
        self.home.lamps("--lifetime", 5)
        self.home.look_now()
        await_that("half of the image has come", lambda: state.get("reached"))
        partial = self.home.folder / "cache/partial"
        await_that("it lies on the disk", lambda: sum(f.stat().st_size for f in partial.iterdir()) > 0)
        self.home.daemon.popen.kill()
        self.home.daemon.ends()
        state["slow"] = False
        self.home.start_daemon()
        self.home.await_phase("confirmed")
        self.assertEqual(len(state["first"]), 2, state)
        self.assertGreater(state["first"][1], 0)

    def test_hardware_that_no_image_fits_is_offered_none(self):
        self.start()
        self.home.lamps("--lifetime", 5, "--hardware", "B")
        self.home.look_now()
        device = await_that("the device is explained", lambda: next(
            (d for d in self.home.devices() if d["reason"] == "no_image"), None))
        self.assertEqual(device["installed"], "1.0.0")
        self.assertEqual(self.home.updates(), [])

    def test_the_owner_learns_that_the_maker_stopped_and_what_it_advises(self):
        self.vendor.tool("eol", "acme.example/lamp", "--since", "2026-01-31", "--advice", "Bring it to a collection point.",
                         "--feed", "work")
        self.vendor.publish()
        self.start()
        self.home.lamps("--lifetime", 5)
        device = await_that("the device is explained", lambda: next(
            (d for d in self.home.devices() if d["catalog"]), None))
        explanation = self.home.ask("explain", device["id"])["explanation"]
        for told in (device, explanation, self.home.ask("releases")["releases"][0]):
            self.assertEqual((told["end_of_life"], told["end_of_life_since"], told["end_of_life_advice"]),
                             (True, "2026-01-31", "Bring it to a collection point."))
            self.assertEqual((told["provenance"], told["support_end"]), ("signed_feed", "2031-05-31"))
        text = self.home.ctl("explain", device["id"])[1]
        self.assertIn("publishes nothing more", text)
        self.assertNotIn("2031", text)

    def test_a_device_of_another_model_is_offered_none(self):
        self.start()
        self.home.lamps("--lifetime", 5, "--model", "Toaster")
        await_that("the device is explained", lambda: next(
            (d for d in self.home.devices() if d["reason"] == "no_catalog"), None))
        self.assertEqual(self.home.updates(), [])
        self.assertEqual(self.web.count(".bin"), 0)


if __name__ == "__main__":
    main()
