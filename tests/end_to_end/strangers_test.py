"""Somebody in the home invents devices: limits hold, what is real goes on, and nobody else is spoken to."""
import json
import random

import coap_datagram
import invented
from home import LAMP, PLUG, TestCase, await_that, main

MAX_DEVICES = 300
GROWTH = 10 * 1024  # KiB of private memory that strangers may cost
ROOM = f"max_devices = {MAX_DEVICES}"
BY_HAND = 'accept_new = "ask"\nupdates = "ask"'
PLUG_TOPIC = "tasmota_000001"
INVENTED = 10_000
AT_ONCE = 50  # announcements between two looks at the daemon: a flood at its own pace


class Strangers(TestCase):
    def one_real_plug(self):
        """A home with one plug that was there before, accepted, proven, and to be updated; all is overheard."""
        vendor = self.home.vendor(PLUG)
        self.home.broker("max_queued_messages 0")
        self.home.configure([vendor], more=ROOM, policy=BY_HAND)
        self.home.start_daemon()
        self.home.plugs("--tele-period", 2)
        self.plug = await_that("the plug can be updated", lambda: [
            d for d in self.home.devices() if d["target"]])[0]["id"]
        self.assertEqual(self.home.ctl("accept", self.plug)[0], 0)
        self.stranger = self.home.mqtt_client("stranger")
        self.ear = self.home.mqtt_client("ear")
        self.ear.subscribe("#", "$SYS/broker/#")
        self.said = set()

    def say(self, topic, payload, retain=False):
        self.said.add(topic if isinstance(topic, bytes) else topic.encode())
        self.stranger.publish(topic, payload, retain)

    def plug_is_updated(self):
        status, out, errors = self.home.ctl("update", self.plug)
        self.assertEqual(status, 0, out + errors)
        self.home.await_phase("confirmed")
        self.assertEqual(self.of_daemon("cmnd/" + PLUG_TOPIC + "/Upgrade"), [b"1"])

    def of_daemon(self, topic):
        return [payload for where, payload, _ in self.ear.heard if where == topic.encode()]

    def spoken_to(self):
        """Topics that only the daemon can have published to, with what was said there."""
        self.ear.settle()
        of_plug = tuple(f"{prefix}/{PLUG_TOPIC}/".encode() for prefix in ("stat", "tele"))
        others = {}
        for topic, payload, _ in list(self.ear.heard):
            real = topic.startswith((*of_plug, b"tasmota/discovery/A0B1C2000001/"))
            real = real or (topic.endswith(b"/POWER") and not payload)  # its relay's state, which it asks itself for
            if not (real or topic in self.said or topic.startswith(b"$SYS/")):
                others.setdefault(topic.decode(), []).append(payload)
        return others

    def only_its_own_commands_were_sent(self, strangers=()):
        """To the plug what belongs to an update; to announced strangers the one question who is there."""
        for topic, said in self.spoken_to().items():
            own = f"cmnd/{PLUG_TOPIC}/"
            if topic.startswith(own):
                self.assertIn(topic.removeprefix(own), ("Status", "OtaUrl", "Upgrade"))
                continue
            self.assertIn(topic, strangers)
            self.assertEqual(set(said), {b"5"}, topic)
        late = self.home.mqtt_client("late")
        late.subscribe("#")
        late.settle()
        self.assertEqual([topic for topic, _, retained in late.heard if retained and topic.startswith(b"cmnd/")], [])

    def seen_by_daemon(self):
        status = self.home.status()
        return status["devices"] + status["devices_refused"]

    def test_ten_thousand_invented_tasmota_devices(self):
        self.one_real_plug()
        before = self.home.daemon.memory()
        for first in range(0, INVENTED, AT_ONCE):
            for index in range(first, first + AT_ONCE):
                self.say(invented.config_topic(index), invented.config(index), retain=index % 2 == 0)
            self.stranger.settle()
            await_that("they arrived", lambda first=first: self.seen_by_daemon() >= first + AT_ONCE)
        status = self.home.status()
        listed = self.home.devices()
        self.assertLessEqual(len(listed), MAX_DEVICES)
        self.assertEqual(status["devices"], len(listed))
        self.assertIn(self.plug, [device["id"] for device in listed])
        self.assertIn("more refused", self.home.ctl("status")[1])
        self.plug_is_updated()
        self.only_its_own_commands_were_sent({invented.command_prefix(i) + "Status" for i in range(INVENTED)})
        self.assertLess(self.home.daemon.memory() - before, GROWTH)
        self.assertLess(len(self.home.daemon.text().splitlines()), 60)

    def test_ten_thousand_at_once(self):
        self.one_real_plug()
        before = self.home.daemon.memory("Rss")
        self.home.daemon.watch_peak()
        for index in range(INVENTED):
            self.say(invented.config_topic(index), invented.config(index), retain=index % 2 == 0)
        self.stranger.settle()
        # What its mailbox had no room for is repeated by the broker where it is retained: half of them.
        await_that("it has heard of them", lambda: self.seen_by_daemon() >= INVENTED // 2)
        self.plug_is_updated()
        self.assertLess(self.home.daemon.peak() - before, GROWTH)

    def test_announcements_that_try_to_turn_it_against_others(self):
        self.one_real_plug()
        for number, (what, payload) in enumerate(self.hostile().items()):
            self.say(invented.config_topic(number), payload, retain=number % 2 == 0)
        self.hostile_topics()
        self.say(f"stat/{PLUG_TOPIC}/RESULT", '{"OtaUrl":"http://evil.example/image.bin"}')
        self.say(f"stat/{PLUG_TOPIC}/STATUS2", b"\xff\x00\xfe")
        self.say(f"stat/{PLUG_TOPIC}/STATUS2", "[" * 50_000)
        self.say(f"tele/{PLUG_TOPIC}/INFO1", '{"Info1":{"Version":"99.0.0(\\u001b[2J)"}}')
        # Announced last and well: when it has been asked, the daemon has heard all of the others.
        good = len(self.hostile())
        self.say(invented.config_topic(good), invented.config(good))
        await_that("the honest stranger is asked", lambda: self.of_daemon(invented.command_prefix(good) + "Status"))
        self.assertEqual(sorted(d["id"] for d in self.home.devices()), sorted([self.plug, f"mac:{invented.mac(good).lower()}"]))
        self.plug_is_updated()
        self.only_its_own_commands_were_sent({invented.command_prefix(good) + "Status"})
        urls = self.of_daemon(f"cmnd/{PLUG_TOPIC}/OtaUrl")
        self.assertFalse([url for url in urls if b"evil" in url], urls)

    def hostile(self):
        """Announcements that are refused for what is in them."""
        make = invented.config
        out = {
            "depth": '{"a":' * 5000 + "1" + "}" * 5000, "array": "[" * 100_000, "text": '"tasmota"', "empty object": "{}",
            "cut": make(4)[:-40], "invalid UTF-8": make(5).encode().replace(b"invented_5", b"inv\xff\xfe"),
            "NUL byte": make(6).encode().replace(b"invented_6", b"inv\x00ed"), "NUL in t": make(7, t="inv\x00ented"),
            "100 kB": make(8, dn="A" * 100_000), "numbers for texts": make(9, t=17, ft=4, tp=[1, 2, 3]),
        }
        topics = {
            "wildcard in t": {"t": "+"}, "many levels in t": {"t": "#"}, "wildcard behind": {"t": "x/#"},
            "system topic in t": {"t": "$SYS", "ft": "%topic%/%prefix%/"}, "system topic in ft": {"ft": "$SYS/%prefix%/%topic%/"},
            "empty levels": {"t": "/"}, "no topic": {"t": ""}, "token in t": {"t": "%prefix%"},
            "unknown token": {"ft": "%prefix%/%topic%/%x%/"}, "no prefix in ft": {"ft": "%topic%/"}, "long": {"t": "x" * 5000},
            "escape": {"t": "a\x1b[2J"}, "new line": {"t": "a\nb"}, "one prefix": {"tp": ["cmnd", "cmnd", "cmnd"]},
            "two prefixes": {"tp": ["cmnd", "stat"]}, "prefix with wildcard": {"tp": ["#", "stat", "tele"]},
            "discovery as prefix": {"ft": "tasmota/%prefix%/%topic%/", "tp": ["discovery", "stat", "tele"]},
            "Home Assistant": {"tp": ["homeassistant", "stat", "tele"]}, "ours": {"tp": ["homepatch", "stat", "tele"]},
            "foreign MAC address": {"mac": "A0B1C2000001"}, "MAC address as number": {"mac": 17}, "another protocol": {"ver": 2},
            "topic of another": {"t": PLUG_TOPIC}, "telemetry of another": {"t": PLUG_TOPIC, "tp": ["x", "y", "tele"]},
            "prefixes of another, turned": {"t": PLUG_TOPIC, "tp": ["stat", "cmnd", "tele"]},
            "topic of another by its template": {"ft": f"%prefix%/{PLUG_TOPIC}/%topic%/", "t": "%hostname%", "hn": ""},
        }
        for what, changes in topics.items():
            out[what] = make(len(out), **changes)
        return out

    def hostile_topics(self):
        """Discovery topics that are none."""
        body = invented.config(0)
        for topic in ("tasmota/discovery//config", "tasmota/discovery/../config", "tasmota/discovery/D0000000000G/config",
                      "tasmota/discovery/" + "D" * 5000 + "/config", "tasmota/discovery/D00000000000/config/config",
                      "tasmota/discovery/A0B1C2000001/sensors/config", "TASMOTA/discovery/D00000000000/config"):
            self.say(topic, body)

    def test_two_thousand_invented_lwm2m_registrations(self):
        vendor = self.home.vendor(LAMP)
        self.home.configure([vendor], mqtt="enabled = false")
        self.home.start_daemon()
        before = self.home.daemon.memory()
        answers = {}
        for number in range(7):
            with coap_datagram.Client(self.home.coap_port, f"127.7.0.{number + 1}") as client:
                for index in range(286):
                    answer = client.ask(coap_datagram.registration(f"ghost-{number}-{index}", index))
                    answers[answer] = answers.get(answer, 0) + 1
        # 256 are taken in from one address (Registry::kMaxPerAddress), the others hear "busy".
        self.assertEqual(answers, {"2.01": 7 * 256, "5.03": 7 * 30})
        self.nonsense()
        lamp = self.home.lamps()
        await_that("the lamp registered", lambda: "registered location" in lamp.text())
        await_that("the lamp is listed", lambda: any(d["id"] == "lwm2m:lamp-0000" for d in self.home.devices()))
        self.assertLess(self.home.daemon.memory() - before, GROWTH)

    def nonsense(self):
        """Datagrams that are no CoAP, or CoAP that nobody means well with."""
        dice = random.Random(1)
        good = coap_datagram.registration("cut", 7)
        with coap_datagram.Client(self.home.coap_port, "127.7.1.1") as client:
            for _ in range(500):
                client.send(dice.randbytes(dice.randrange(0, 200)))
            for end in range(len(good)):
                client.send(good[:end])
        with coap_datagram.Client(self.home.coap_port, "127.7.1.2") as client:
            for number, endpoint in enumerate(("", "a\x1b[2J", "x" * 200, "\x00", b"\xff")):
                self.assertEqual(client.ask(coap_datagram.registration(endpoint, number)), "4.00", endpoint)


if __name__ == "__main__":
    main()
