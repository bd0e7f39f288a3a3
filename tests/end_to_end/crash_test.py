"""homepatchd is killed with SIGKILL right after it saved a step, started again, and reaches the same end."""
import signal

from home import LAMP, PLUG, TestCase, await_that, main

STEPS = ["update.added", "update.saved.fetching", "update.saved.transferring", "update.saved.installing",
         "update.saved.confirming", "update.saved.confirmed"]


class UpdateCrash(TestCase):
    def die_at(self, step):
        daemon = self.home.start_daemon(ready=False, HOMEPATCH_CRASH_AT=step)
        self.assertEqual(daemon.ends(), -signal.SIGKILL, step)

    def one_end(self, model, web, device_log):
        """What must be true whenever it was killed."""
        updates = self.home.await_phase("confirmed")
        self.assertEqual(len(updates), 1, updates)
        self.assertEqual(updates[0]["to"], model["version"])
        self.assertEqual(web.count(f"{model['model']}-{model['version']}.bin"), 1, web.asked)
        installed = await_that("the device shows its new version", lambda: [
            device for device in self.home.devices() if device["installed"] == model["version"]])
        self.assertEqual(len(installed), 1)

    def killed_at_every_step(self, model, switch_on):
        vendor = self.home.vendor(model)
        self.home.broker()
        self.home.configure([vendor])
        device = None
        for step in STEPS:
            if device is None:
                daemon = self.home.start_daemon(HOMEPATCH_CRASH_AT=step)
                device = switch_on()
                self.home.look_now()
                self.assertEqual(daemon.ends(), -signal.SIGKILL, step)
            else:
                self.die_at(step)
        self.home.start_daemon()
        self.one_end(model, vendor.web, device)

    def test_a_tasmota_update_outlives_a_kill_after_every_step(self):
        self.killed_at_every_step(PLUG, self.home_plugs)

    def test_an_lwm2m_update_outlives_a_kill_after_every_step(self):
        self.killed_at_every_step(LAMP, self.home_lamps)

    def home_plugs(self):
        return self.home.plugs("--tele-period", "1")

    def home_lamps(self):
        return self.home.lamps("--lifetime", "5")


def killed_once(step):
    def test(self):
        vendor = self.home.vendor(PLUG, LAMP)
        self.home.broker()
        self.home.configure([vendor])
        daemon = self.home.start_daemon(HOMEPATCH_CRASH_AT=step)
        self.home.plugs("--tele-period", "1")
        self.home.lamps("--lifetime", "5")
        self.home.look_now(2)
        self.assertEqual(daemon.ends(), -signal.SIGKILL)
        self.home.start_daemon()
        updates = self.home.await_phase("confirmed", 2)
        self.assertEqual(len(updates), 2, updates)
        for model in (PLUG, LAMP):
            self.assertEqual(vendor.web.count(f"{model['model']}-{model['version']}.bin"), 1, vendor.web.asked)
    return test


for step in STEPS:
    setattr(UpdateCrash, "test_both_families_outlive_one_kill_at_" + step.replace(".", "_"), killed_once(step))


if __name__ == "__main__":
    main()
