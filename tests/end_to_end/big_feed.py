"""A feed with very many models, each vendor's in a delegated role, as TUF metadata of its own making.

homepatch-feed would take an hour to add ten thousand releases; this writes the same files, signed by openssl(1), from the
TUF specification 1.0 (sections 4.2 to 4.6) and docs/catalog.md.
"""
import hashlib
import json
import pathlib
import subprocess

EXPIRES = "2037-01-01T00:00:00Z"
DATE = "2026-01-01T00:00:00Z"


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


class Key:
    def __init__(self, folder, name):
        self.file = folder / f"{name}.pem"
        self._openssl("genpkey", "-algorithm", "ed25519", "-out", self.file)
        der = self._openssl("pkey", "-in", self.file, "-pubout", "-outform", "DER")
        self.public = {"keytype": "ed25519", "scheme": "ed25519", "keyval": {"public": der[-32:].hex()}}
        self.id = hashlib.sha256(canonical(self.public)).hexdigest()

    @staticmethod
    def _openssl(*arguments):
        return subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=60).stdout

    def sign(self, signed, scratch):
        scratch.write_bytes(canonical(signed))
        signature = self._openssl("pkeyutl", "-sign", "-rawin", "-inkey", self.file, "-in", scratch)
        return canonical({"signatures": [{"keyid": self.id, "sig": signature.hex()}], "signed": signed})


class BigFeed:
    """`roles` vendors with `models` models in all. Vendor 0's models are for Tasmota plugs of chip "ESP32-BIG<number>"."""

    def __init__(self, folder, roles, models):
        self.folder, self.keys = pathlib.Path(folder), pathlib.Path(folder) / "keys"
        self.keys.mkdir(parents=True)
        self.public = self.folder / "public"
        (self.public / "metadata").mkdir(parents=True)
        self.key, self.vendors_key = Key(self.keys, "feed"), Key(self.keys, "vendors")
        self.roles = [f"vendor-{number}.example" for number in range(roles)]
        self.each = models // roles
        self.root = self.public / "metadata/1.root.json"
        self.settings = ""
        self._write()

    def _write(self):
        index = []
        snapshot = {}
        for number, vendor in enumerate(self.roles):
            targets = {}
            for model in range(self.each):
                path = f"{vendor}/model-{model}/catalog.json"
                match = {"chip": f"ESP32-BIG{number * self.each + model}", "image": "tasmota"}
                targets[path] = self._target(path, self._catalog(vendor, model, match))
                index.append({"family": "tasmota", "match": match, "catalog": path})
            snapshot[vendor + ".json"] = self._role(vendor, {"targets": targets}, self.vendors_key, "1." + vendor)
        models = self._target("_feed/models.json", {"homepatch_models": 1, "models": index})
        delegations = {"keys": {self.vendors_key.id: self.vendors_key.public}, "roles": [
            {"name": vendor, "keyids": [self.vendors_key.id], "threshold": 1, "terminating": True,
             "paths": [f"{vendor}/*/*", f"{vendor}/*/*/*"]} for vendor in self.roles]}
        snapshot["targets.json"] = self._role(
            "targets", {"targets": {"_feed/models.json": models}, "delegations": delegations}, self.key, "1.targets")
        of_snapshot = self._role("snapshot", {"meta": snapshot}, self.key, "1.snapshot")
        self._role("timestamp", {"meta": {"snapshot.json": of_snapshot}}, self.key, "timestamp")
        self._role("root", {"consistent_snapshot": True, "keys": {self.key.id: self.key.public}, "roles": {
            role: {"keyids": [self.key.id], "threshold": 1} for role in ("root", "timestamp", "snapshot", "targets")}},
            self.key, "1.root")

    def _role(self, role, content, key, file):
        kind = role if role in ("root", "timestamp", "snapshot", "targets") else "targets"
        signed = {"_type": kind, "spec_version": "1.0.31", "version": 1, "expires": EXPIRES, **content}
        data = key.sign(signed, self.keys / "scratch")
        (self.public / f"metadata/{file}.json").write_bytes(data)
        return {"version": 1, "length": len(data), "hashes": {"sha256": hashlib.sha256(data).hexdigest()}}

    def _target(self, path, document):
        data = canonical(document)
        digest = hashlib.sha256(data).hexdigest()
        file = self.public / "targets" / path
        file = file.with_name(f"{digest}.{file.name}")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        return {"length": len(data), "hashes": {"sha256": digest}}

    @staticmethod
    def _catalog(vendor, model, match):
        return {
            "homepatch_catalog": 1, "date": DATE, "vendor": {"id": vendor},
            "model": {"id": f"model-{model}", "hw": ["any"], "match": {"tasmota": [match]}},
            "updatability": {"updatable": True, "method": "auto"}, "support": {"end": "2031-05-31", "kind": "guaranteed"},
            "releases": [{"id": f"1.{n}.0", "version": f"1.{n}.0", "seq": n + 1, "min_allowed_seq": 0, "kind": "security",
                          "images": []} for n in range(10)],
        }
