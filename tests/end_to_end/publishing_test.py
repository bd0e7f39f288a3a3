"""docs/publishing.md followed to the letter in an empty folder: from nothing to a patched pretend device, and beyond."""
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import unittest

from home import BUILD, TREE, free_port, program

LIMIT = 240


class PublishingDocument(unittest.TestCase):
    def follow(self, document, folder):
        """TOML blocks become files of the name in their first line; sh blocks are run one after the other."""
        script = "set -eu\n"
        blocks = re.findall(r"^```(\w+)\n(.*?)^```", document.read_text(), re.S | re.M)
        for kind, block in blocks:
            if kind == "toml":
                (folder / block.split("\n")[0].removeprefix("# ")).write_text(block)
            elif kind == "sh":
                script += block
        self.assertGreater(sum(kind == "sh" for kind, _ in blocks), 10)
        ours = ":".join(str(BUILD / room) for room in ("feed", "cli", "daemon", "sim"))
        # The page's ports give way where the reader's are in use, and here always.
        env = {**os.environ, "PATH": f"{ours}:{os.environ['PATH']}:/usr/sbin", "web": str(free_port()), "mqtt": str(free_port())}
        shell = subprocess.Popen(["sh", "-c", script], cwd=folder, env=env, text=True, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            out, _ = shell.communicate(timeout=LIMIT)
            return shell.returncode, out
        finally:
            try:
                os.killpg(shell.pid, signal.SIGKILL)  # what a failure left behind; the group is this shell's own
            except ProcessLookupError:
                pass

    def test_it_works_as_it_is_written(self):
        for name in ("mosquitto", "dbus-daemon"):
            program(name)
        with tempfile.TemporaryDirectory() as folder:
            status, out = self.follow(TREE / "docs/publishing.md", pathlib.Path(folder))
            self.assertEqual(status, 0, out)
            self.assertRegex(out, r"(?m)^ *\d+ +Pretend 0 +1\.0\.0 +1\.1\.0 +confirmed\b")
            self.assertRegex(out, r"(?m)^Pretend 0 .* 1\.1\.0 .*up to date")
            self.assertIn("every image fetched and its hash right", out)
            self.assertIn("end of life", out)
            self.assertTrue((pathlib.Path(folder) / "acme.tar").exists())


if __name__ == "__main__":
    unittest.main(verbosity=2)
