"""A gateway whose clock is not to be believed: what it says of it, what it still does, and how a person helps it."""
import ctypes
import os
import sqlite3
import time
import unittest

from home import LAMP, TestCase, WebSpace, await_that, main

STA_UNSYNC = 0x40


def synchronised():
    """What adjtimex(2) says of this machine."""
    state = (ctypes.c_char * 256)()  # more than a struct timex
    answer = ctypes.CDLL(None, use_errno=True).adjtimex(state)
    status = ctypes.c_int.from_buffer(state, 40 if ctypes.sizeof(ctypes.c_long) == 8 else 20).value
    return answer not in (-1, 5) and not status & STA_UNSYNC


class Clock(TestCase):
    def setUp(self):
        self.vendor = self.home.vendor(LAMP)

    def start(self, clock="trust"):
        self.home.configure([self.vendor], mqtt="enabled = false", clock=clock,
                            policy='accept_new = "always"\nupdates = "ask"')
        self.home.start_daemon()

    def feed(self):
        return self.home.status()["feeds"][0]

    def versions(self):
        return sorted(release["version"] for release in self.home.ask("releases")["releases"])

    def a_lamp_is_offered_an_update(self):
        self.home.lamps("--lifetime", 5)
        self.home.look_now()
        await_that("an update is offered", lambda: [d for d in self.home.devices() if d["target"] == "1.1.0"])

    def keep_floor(self, name, seconds):
        """As if homepatchd had kept this time itself."""
        self.home.daemon.stop()
        with sqlite3.connect(self.home.folder / "state/homepatch.db") as database:
            database.execute("INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)", (name, str(int(seconds * 1000))))
        database.close()

    def nothing_new_is_accepted_but_what_was_may_be_installed(self):
        feed = await_that("the feed was looked at", lambda: self.feed() if "not trusted" in self.feed()["text"] else None)
        self.assertIn("nothing new is accepted", feed["text"])
        self.assertFalse(self.home.status()["clock_trusted"])
        self.assertRegex(self.home.ctl("status")[1], r"Clock +not trusted")
        self.assertEqual(self.versions()[-1], "1.1.0")
        lamp = await_that("the lamp is back", lambda: [d for d in self.home.devices() if d["condition"] == "online"])[0]
        status, out, err = self.home.ctl("update", lamp["id"])
        self.assertEqual(status, 0, out + err)
        self.assertEqual(self.home.await_phase("confirmed")[0]["to"], "1.1.0")

    @unittest.skipIf(synchronised(), "the kernel calls this machine's clock synchronised")
    def test_with_a_clock_that_nobody_keeps_nothing_new_is_accepted_and_what_was_is_installed(self):
        self.start()
        self.a_lamp_is_offered_an_update()
        self.home.daemon.stop()
        self.vendor.release(LAMP, version="1.2.0", seq=1200)
        self.vendor.publish()
        self.start(clock="kernel")
        self.assertIn("not synchronised", self.home.status()["clock_text"])
        self.nothing_new_is_accepted_but_what_was_may_be_installed()
        # Forgetting what the feed dated vouches for nothing.
        self.assertEqual([self.home.ctl("reset-clock", "--yes")[0] for _ in range(2)], [0, 2])
        self.assertFalse(self.home.status()["clock_trusted"])

    def test_below_the_gateways_floor_the_same_until_an_administrator_resets_it(self):
        self.start()
        self.a_lamp_is_offered_an_update()
        self.keep_floor("clock.floor", time.time() + 3650 * 86400)
        self.keep_floor("feed.acme.floor", time.time() + 3650 * 86400)
        self.vendor.release(LAMP, version="1.2.0", seq=1200)
        self.vendor.publish()
        self.start()
        self.assertTrue(self.home.status()["clock_below_floor"])
        self.assertIn("reset-clock", self.home.ctl("status")[1])
        # A floor ten years on is past every expiry of this feed: it says so, and what is known stays.
        await_that("the feed was looked at", lambda: "expired" in self.feed()["text"])
        self.assertEqual(self.versions()[-1], "1.1.0")
        status, out, err = self.home.ctl("reset-clock", "--yes")
        self.assertEqual(status, 0, out + err)
        self.assertIn("floors are forgotten", out)
        self.assertRegex(self.home.daemon.text(), rf"floors are forgotten; .*\(by .*uid {os.getuid()}\)")
        await_that("the feed is current", lambda: self.feed()["state"] == "current" and self.versions()[-1] == "1.2.0")
        self.assertTrue(self.home.status()["clock_trusted"])
        self.assertFalse(self.home.status()["clock_below_floor"])

    def test_below_one_feeds_floor_that_feed_waits(self):
        self.start()
        self.a_lamp_is_offered_an_update()
        self.keep_floor("feed.acme.floor", time.time() + 20 * 3600)
        self.start()
        feed = await_that("the feed was looked at", lambda: self.feed() if "not trusted" in self.feed()["text"] else None)
        self.assertIn("nothing new is accepted", feed["text"])
        self.assertIn("not trusted for every feed", self.home.ctl("status")[1])
        self.assertEqual(self.home.ctl("reset-clock", "--yes")[0], 0)
        await_that("the feed is current", lambda: self.feed()["state"] == "current" and "not trusted" not in self.feed()["text"])

    def test_a_network_that_comes_up_after_the_gateway_is_found_within_seconds(self):
        port = self.vendor.web.server.server_port
        self.vendor.web.stop()
        self.home.parts.remove(self.vendor.web)
        self.start()
        await_that("the first look has failed", lambda: self.feed()["state"] == "failing")
        self.home.parts.append(WebSpace(self.vendor.public, port))
        await_that("the feed is current", lambda: self.feed()["state"] == "current", limit=20)


if __name__ == "__main__":
    main()
