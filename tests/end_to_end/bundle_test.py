"""A home without the internet: the vendor's bundle comes on a stick and is judged like the feed itself."""
import gzip
import os

from home import LAMP, TestCase, Vendor, await_that, main


class Bundle(TestCase):
    def setUp(self):
        self.vendor = self.home.vendor(LAMP)
        self.vendor.web.stop()
        self.home.parts.remove(self.vendor.web)
        self.bundle = self.home.folder / "acme.bundle"
        self.export()
        self.home.configure([self.vendor], mqtt="enabled = false")
        self.home.start_daemon()
        self.home.lamps("--lifetime", 5)
        await_that("the lamp is known", lambda: [d for d in self.home.devices() if d["installed"]])

    def export(self):
        self.bundle.unlink(missing_ok=True)
        self.vendor.tool("export", self.bundle, "--feed", "work")

    def test_an_imported_release_asks_and_installs(self):
        status, out, err = self.home.ctl("import", str(self.bundle))
        self.assertEqual(status, 0, err)
        self.assertIn("vouches for the bundle", out)
        self.assertIn("1 image", out)
        device = await_that("the release is offered", lambda: next(
            (d for d in self.home.devices() if d["reason"] == "not_automatic"), None))
        release = next(r for r in self.home.ask("releases")["releases"] if r["version"] == "1.1.0")
        self.assertEqual(release["provenance"], "signed_bundle")
        self.assertTrue(release["cached"])
        self.assertIn("targets (1 key)", release["signed_by"])
        self.assertIn("Signed by", self.home.ctl("explain", device["id"])[1])
        self.assertEqual(self.home.updates(), [])
        status, out, err = self.home.ctl("update", "--wait", device["id"])
        self.assertEqual(status, 0, out + err)
        self.assertEqual(self.home.phases(), ["confirmed"])

    def test_what_is_taken_back_comes_with_a_single_model_and_its_image_does_not(self):
        bad = self.vendor.release(LAMP, version="1.2.0", seq=1200)
        self.vendor.tool("deny", bad, "--reason", "bricks lamps", "--feed", "work")
        self.vendor.publish()
        self.bundle.unlink()
        self.vendor.tool("export", self.bundle, "--model", "acme.example/lamp", "--feed", "work")
        status, out, err = self.home.ctl("import", str(self.bundle))
        self.assertEqual(status, 0, err)
        self.assertIn("1 image", out)
        await_that("1.1.0 is offered, and not what is taken back", lambda: next(
            (d for d in self.home.devices() if d["reason"] == "not_automatic"), None))
        self.assertEqual([r["version"] for r in self.home.ask("releases")["releases"] if r["cached"]], ["1.1.0"])

    def refused(self, *words):
        status, out, err = self.home.ctl("import", str(self.bundle))
        self.assertEqual(status, 1, out)
        for word in words:
            self.assertIn(word, err)
        self.assertEqual(self.home.updates(), [])

    def test_a_changed_bundle_is_refused(self):
        data = self.bundle.read_bytes()
        self.bundle.write_bytes(data.replace(b"CVE-2026-1001", b"CVE-2026-9999"))
        self.refused("acme.example/lamp/catalog.json")

    def test_a_truncated_bundle_is_refused(self):
        data = self.bundle.read_bytes()
        self.bundle.write_bytes(data[: len(data) // 2])
        self.refused("Truncated")

    def test_a_file_that_is_no_bundle_is_refused(self):
        self.bundle.write_bytes(os.urandom(5000))
        self.refused("bundle")

    def test_a_compressed_bundle_is_refused_with_what_to_do(self):
        self.bundle.write_bytes(gzip.compress(self.bundle.read_bytes()))
        self.refused("compress")

    def test_a_bundle_of_a_feed_that_is_not_pinned_is_refused(self):
        other = Vendor(self.home.folder / "other", "Other", "other.example")
        other.release(LAMP)
        other.publish()
        self.bundle.unlink()
        other.tool("export", self.bundle, "--feed", "work")
        self.refused("no configured feed vouches")

    def test_a_folder_is_no_bundle(self):
        self.bundle = self.home.folder
        self.refused("regular file")

    def test_an_older_bundle_is_refused_after_a_newer_one(self):
        older = self.bundle.read_bytes()
        self.vendor.release(LAMP, version="1.2.0", seq=1200)
        self.vendor.publish()
        self.export()
        self.assertEqual(self.home.ctl("import", str(self.bundle))[0], 0)
        self.bundle.write_bytes(older)
        self.refused("rolled back")


if __name__ == "__main__":
    main()
