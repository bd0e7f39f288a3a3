"""homepatchd is killed with SIGKILL right after it saved a step, started again, and reaches the same end.

What became of a device is read from its own words (homepatch-sim), and what was fetched from the vendor's web space.
"""
import re
import signal

from home import LAMP, PLUG, AtOnce, TestCase, await_that, free_port, main

# The steps of an update that nobody disturbs: of a plug, of one that installs through its safeboot image, of a lamp. A
# restart is a step of its own where the new version does not come with it.
TASMOTA = ["added", "saved.fetching", "saved.transferring", "saved.installing", "saved.confirming", "saved.rechecking",
           "saved.confirmed", "saved.settled"]
SAFEBOOT = [*TASMOTA[:3], "saved.restarted", *TASMOTA[3:]]
LWM2M = [*TASMOTA[:4], "saved.restarted", *TASMOTA[4:]]
# The phase began anew after a restart, which is saved too.
AGAIN = "saved.again"
BEGIN_ANEW = {"saved.fetching", "saved.transferring", "saved.installing", "saved.restarted", "saved.confirming",
              "saved.rechecking"}


class Writes:
    """How often a device was given its image, by its own words; `kills` are their lengths when homepatchd was killed.

    `cut` counts the kills after which another time may be necessary: in the middle of it, or before homepatchd can have
    noted that a lamp has it."""

    WHOLE = ("downloaded", "installed")  # how a lamp and how a plug says that it has all of it
    BROKEN = ("fetch-failed", "package-refused", "reset", "restarting")

    def __init__(self, words, kills):
        self.whole, self.cut, self.wrongs = 0, 0, []
        under_way, noted = False, True
        for event, line in self.events(words, kills):
            if event == "killed":
                self.cut += under_way or not noted
                under_way = False
            elif event == "disturbed" or (event == "downloading" and under_way):
                self.wrongs.append(line)
            if event == "downloading":
                under_way = True
            elif event in self.WHOLE or event in self.BROKEN:
                self.whole += under_way and event in self.WHOLE
                under_way = False
            if event in ("downloaded", "executed"):
                noted = event == "executed"

    @staticmethod
    def events(words, kills):
        kills, at = list(kills), 0
        for line in words.splitlines(True):
            while kills and kills[0] <= at:
                yield "killed", kills.pop(0)
            yield line.split()[1], line
            at += len(line)


class UpdateCrash(TestCase):
    OPTIONS = {"plug": ("--tele-period", "1"), "lamp": ("--lifetime", "5")}

    def furnish(self, *models, **tables):
        self.vendor = self.home.vendor(*models)
        self.home.broker()
        # As in a real home, a device that fetches finds the daemon at the same place again.
        self.home.configure([self.vendor], http=f"port = {free_port()}", **tables)
        self.devices, self.kills, self.cached = {}, [], {}

    def switch_on(self, model, *options, **how):
        switch = self.home.plugs if model is PLUG else self.home.lamps
        self.devices[model["model"]] = model, switch(*self.OPTIONS[model["model"]], *options, **how)

    def dies_at(self, step, daemon):
        self.assertEqual(daemon.ends(), -signal.SIGKILL, step)
        self.kills.append({name: len(device.text()) for name, (_, device) in self.devices.items()})
        for image in (self.home.folder / "cache/objects").glob("*"):
            self.cached.setdefault(image.name, len(self.vendor.web.asked))

    def armed(self, step, **how):
        return self.home.start_daemon(HOMEPATCH_CRASH_AT="update." + step, **how)

    def one_end(self):
        """What must be true whenever it was killed; the answer tells of each device what was written into it."""
        updates = self.home.await_phase("confirmed", len(self.devices))
        self.assertEqual(sorted(update["to"] for update in updates),
                         sorted(model["version"] for model, _ in self.devices.values()), updates)
        for digest, asked in self.cached.items():
            self.assertEqual([path for path, _ in self.vendor.web.asked[asked:] if digest in path], [],
                             "fetched again, though it was in the cache")
        return {name: self.writes(name) for name in self.devices}

    def writes(self, name):
        model, device = self.devices[name]
        words = device.text()
        self.assertEqual(len(re.findall(f" installed version={model['version']}", words)), 1, words)
        self.assertIn(model["version"], re.findall(r" reported version=([0-9.]*)", words)[-1])
        if model is LAMP:
            size = (self.vendor.folder / f"lamp-{LAMP['version']}.bin").stat().st_size
            self.assertIn(f" downloaded version={model['version']} bytes={size}\n", words)
        else:
            await_that("the owner's OtaUrl is back", lambda: "//ota.tasmota.com/" in
                       re.findall(r" ota-url url=(.*)", device.text())[-1], 10)
        writes = Writes(words, [kill[name] for kill in self.kills if name in kill])
        self.assertEqual(writes.wrongs, [], "two transfers at once:\n" + words)
        return writes

    def killed_at_every_step(self, model, steps, *options, **how):
        self.furnish(model)
        daemon = self.armed(steps[0])
        self.switch_on(model, *options, **how)
        self.home.look_now()
        self.dies_at(steps[0], daemon)
        for before, step in zip(steps, steps[1:]):
            for at in [AGAIN, step] if before in BEGIN_ANEW else [step]:
                self.dies_at(at, self.armed(at, ready=False))
        self.armed("none")
        writes = self.one_end()[model["model"]]
        self.assertEqual(writes.whole, 1, "no crash came between a transfer's beginning and its end")
        self.assertEqual(self.vendor.web.count(f"{model['model']}-{model['version']}.bin"), 1, self.vendor.web.asked)
        passed = re.findall(r"at crash point update\.(\S+)", self.home.daemon.text())
        self.assertEqual(set(passed), {*steps, AGAIN}, "there is a step after which it was not killed")

    def test_a_tasmota_update_outlives_a_kill_after_every_step(self):
        self.killed_at_every_step(PLUG, TASMOTA)

    def test_a_tasmota_update_by_safeboot_outlives_a_kill_after_every_step(self):
        # It tries five times: long enough for a daemon that is back at once.
        self.killed_at_every_step(PLUG, SAFEBOOT, "--flow", "safeboot", fetch_delay=1000)

    def test_a_plug_that_gave_up_on_safeboot_is_helped_by_a_daemon_that_comes_back(self):
        # It does not answer the question who it is, which takes longer than a transfer may stall in other tests.
        self.furnish(PLUG, update="soak = 1\nrecheck_limit = 4\ntransfer_stall = 50\ntasmota_quiet = 1")
        daemon = self.armed("saved.restarted")
        self.switch_on(PLUG, "--flow", "safeboot")
        self.home.look_now()
        self.dies_at("saved.restarted", daemon)
        plug = self.devices[PLUG["model"]][1]
        await_that("the plug gave up", lambda: "upgrade-result" in plug.text())
        self.assertIn("fetch-failed", plug.text())
        self.armed("none")
        self.assertEqual(self.one_end()[PLUG["model"]].whole, 1)

    def test_an_lwm2m_update_outlives_a_kill_after_every_step(self):
        self.killed_at_every_step(LAMP, LWM2M)


def killed_once(step):
    def test(self):
        self.furnish(PLUG, LAMP)
        daemon = self.armed(step)
        self.switch_on(PLUG)
        self.switch_on(LAMP)
        self.home.look_now(2)
        self.dies_at(step, daemon)
        self.home.start_daemon()
        for name, writes in self.one_end().items():
            # The kill may have come in the midst of what the other device was doing.
            self.assertLessEqual(writes.whole, 1 + writes.cut, name)
    return test


for each in LWM2M:
    setattr(UpdateCrash, "test_both_families_outlive_one_kill_at_" + each.replace(".", "_"), killed_once(each))


def load_tests(_loader, tests, _pattern):
    return AtOnce(tests)


if __name__ == "__main__":
    main(verbosity=1)
