"""docs/catalog.schema.json takes the page's example and refuses what the reader refuses. Exit status 77 (skipped) where
python's jsonschema is not installed.

usage: catalog_schema_test.py SCHEMA CATALOG_PAGE
"""

import copy
import json
import re
import sys

try:
    from jsonschema import Draft202012Validator
except ImportError:
    print("python jsonschema is not installed: the schema is not tried")
    sys.exit(77)

schema = json.load(open(sys.argv[1], encoding="utf-8"))
page = open(sys.argv[2], encoding="utf-8").read()
example = json.loads(re.findall(r"```json\n(.*?)```", page, re.S)[1])

Draft202012Validator.check_schema(schema)
validator = Draft202012Validator(schema)
failures = [f"the example: {error.message}" for error in validator.iter_errors(example)]

REMOVE = object()
REFUSED = [
    ("homepatch_catalog", 2),
    ("date", "2026-11-23"),
    ("vendor.id", "Acme Inc"),
    ("model.hw", ["any", "A"]),
    ("model.match", {}),
    ("model.match.toaster", [{"a": "b"}]),
    ("model.match.tasmota.0.color", "red"),
    ("model.match.tasmota.0.chip", REMOVE),
    ("model.match.zigbee", [{"manufacturer_code": "65536", "image_type": "1"}]),
    ("updatability.method", "magic"),
    ("releases.1.seq", "1100"),
    ("releases.1.seq", 0),
    ("releases.1.min_allowed_seq", REMOVE),
    ("releases.1.kind", "urgent"),
    ("releases.1.id", "a/b"),
    ("releases.1.requires.moon", 1),
    ("releases.1.images.0.key", "x"),
    ("releases.1.images.0.length", 268435457),
    ("releases.1.images.0.sha256", "A" * 64),
    ("releases.1.images.0.target", "acme.example/plug/../x"),
    ("releases.1.images.0.component", "minimal"),
    ("releases.1.images.0.format", "elf"),
    ("eol", "yes"),
]
for place, value in REFUSED:
    changed = copy.deepcopy(example)
    *parents, last = place.split(".")
    at = changed
    for part in parents:
        at = at[int(part) if isinstance(at, list) else part]
    if value is REMOVE:
        del at[last]
    else:
        at[last] = value
    if validator.is_valid(changed):
        failures.append(f"{place} = {value!r} is taken")

print("\n".join(failures) or f"the example is taken, {len(REFUSED)} wrong ones are refused")
sys.exit(1 if failures else 0)
