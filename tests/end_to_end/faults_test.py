"""Devices that misbehave, each in its own way: the update ends as it should, and the owner reads why."""
import time

from home import FINISHED, LAMP, PLUG, TestCase, await_that, main


class Faults(TestCase):
    def update_with(self, family, fault, *options, count=1):
        """One update of a device with this fault, until it is over."""
        model, switch_on, more = {
            "tasmota": (PLUG, self.home.plugs, ("--tele-period", 2)),
            "lwm2m": (LAMP, self.home.lamps, ("--lifetime", 5)),
        }[family]
        self.vendor = self.home.vendor(model)
        self.home.broker()
        self.home.configure([self.vendor], update="soak = 1\nretry_base = 1\nmax_attempts = 2\nrecheck_limit = 3\n"
                            "install_limit = 5\ntransfer_stall = 4\ntasmota_quiet = 1")
        self.home.start_daemon()
        self.device = switch_on(*(["--fault", fault] if fault else []), *more, *options, count=count)
        self.home.look_now(count)
        await_that("the update is over", lambda: [u for u in self.home.updates() if u["phase"] in FINISHED])
        return self.home.updates()[0]

    def expect(self, update, phase, *words):
        text = f"{update['text']} {update.get('detail') or ''}"
        self.assertEqual(update["phase"], phase, update)
        for word in words:
            self.assertIn(word, text)

    def installed(self):
        return self.home.devices()[0]["installed"]

    def test_tasmota_that_refuses_to_upgrade(self):
        self.expect(self.update_with("tasmota", "refuse"), "failed")
        self.assertEqual(self.installed(), "14.2.0")

    def test_tasmota_that_hangs_in_its_download(self):
        self.expect(self.update_with("tasmota", "hang"), "failed")

    def test_tasmota_that_lies_about_success(self):
        self.expect(self.update_with("tasmota", "lie"), "fell_back", "version it had before")

    def test_tasmota_that_falls_back_to_its_old_version(self):
        self.expect(self.update_with("tasmota", "fall-back"), "fell_back")

    def test_tasmota_that_returns_new_with_a_failure_result(self):
        self.expect(self.update_with("tasmota", "contradict"), "failed")

    def test_tasmota_that_never_returns(self):
        self.expect(self.update_with("tasmota", "vanish"), "lost", "answer")

    def test_tasmota_that_lets_its_download_drop_is_served_again(self):
        self.expect(self.update_with("tasmota", "fail-once"), "confirmed")
        self.assertEqual(self.vendor.web.count("plug-15.0.1.bin"), 1)

    def test_tasmota_that_installs_through_its_safeboot_image(self):
        self.expect(self.update_with("tasmota", None, "--flow", "safeboot"), "confirmed")

    def test_lwm2m_that_refuses_the_execute(self):
        self.expect(self.update_with("lwm2m", "refuse"), "failed")
        self.assertEqual(self.installed(), "1.0.0")

    def test_lwm2m_that_hangs_after_the_execute(self):
        self.expect(self.update_with("lwm2m", "hang"), "failed", "is installing")

    def test_lwm2m_that_lies_about_success(self):
        self.expect(self.update_with("lwm2m", "lie"), "failed", "contra")

    def test_lwm2m_that_falls_back_and_says_so(self):
        self.expect(self.update_with("lwm2m", "fall-back"), "failed", "reported a failure")

    def test_lwm2m_that_returns_new_with_a_failure_result(self):
        self.expect(self.update_with("lwm2m", "contradict"), "failed", "contra")

    def test_lwm2m_that_never_returns(self):
        self.expect(self.update_with("lwm2m", "vanish"), "lost", "answer")

    def test_lwm2m_that_drops_the_transfer_midway_once(self):
        self.expect(self.update_with("lwm2m", "fail-once"), "confirmed")

    def test_lwm2m_that_sleeps_is_updated_while_it_is_awake(self):
        self.vendor = self.home.vendor(LAMP)
        self.home.configure([self.vendor], coap=f"port = {self.home.coap_port}\nawake = 1.5", mqtt="enabled = false")
        self.home.start_daemon()
        lamp = self.home.lamps("--queue", "--awake", 2500, "--lifetime", 12)
        self.home.look_now()
        await_that("the lamp sleeps", lambda: "updated" in lamp.text())
        time.sleep(3)
        device = self.home.devices()[0]["id"]
        self.assertEqual(self.home.ctl("update", device)[0], 0)
        waiting = await_that("the update waits", lambda: [u for u in self.home.updates() if u["reason"] == "asleep"])
        self.assertEqual(waiting[0]["phase"], "waiting")
        update = self.home.await_phase("confirmed")[0]
        self.assertEqual(update["attempts"], 0)
        self.assertNotIn("slept-through", lamp.text())

    def all_are(self, condition, count):
        await_that(f"all are {condition}", lambda: [d["condition"] for d in self.home.devices()] == count * [condition])

    def test_a_broker_that_restarts_leaves_nobody_offline(self):
        broker = self.home.broker()
        self.home.configure()
        self.home.start_daemon()
        # They say nothing by themselves for five minutes.
        self.home.plugs("--tele-period", 300, count=5)
        await_that("all are known", lambda: sum(bool(d["installed"]) for d in self.home.devices()) == 5)
        for _ in range(2):
            broker.stop()  # its last words are everybody's last will
            self.all_are("offline", 5)
            broker = self.home.broker()
            self.all_are("online", 5)

    def test_one_bad_plug_among_four_takes_nothing_from_the_others(self):
        self.update_with("tasmota", "vanish@1", count=4)
        updates = await_that("all four are over", lambda: [
            u for u in self.home.updates() if u["phase"] in FINISHED] if sum(
                p in FINISHED for p in self.home.phases()) == 4 else None)
        self.assertEqual(sorted(u["phase"] for u in updates), ["confirmed", "confirmed", "confirmed", "lost"])
        self.assertEqual(self.vendor.web.count("plug-15.0.1.bin"), 1)


if __name__ == "__main__":
    main()
