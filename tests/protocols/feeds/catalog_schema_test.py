"""docs/catalog.schema.json takes the page's example and the corpus's documents as the reader does (catalog_corpus_test.cpp),
but for what JSON Schema cannot say. Exit status 77 (skipped) where python's jsonschema is not installed.

usage: catalog_schema_test.py SCHEMA CATALOG_PAGE CORPUS
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


def patched(document, patch):
    """RFC 6902, as far as the corpus uses it."""
    document = copy.deepcopy(document)
    for step in patch:
        *parents, last = step["path"].split("/")[1:]
        at = document
        for part in parents:
            at = at[int(part) if isinstance(at, list) else part]
        if isinstance(at, list) and last == "-":
            at.append(step["value"])
            continue
        key = int(last) if isinstance(at, list) else last
        if step["op"] == "remove":
            del at[key]
        else:
            at[key] = step["value"]
    return document


schema = json.load(open(sys.argv[1], encoding="utf-8"))
page = open(sys.argv[2], encoding="utf-8").read()
corpus = json.load(open(sys.argv[3], encoding="utf-8"))
example = json.loads(re.findall(r"```json\n(.*?)```", page, re.S)[1])

Draft202012Validator.check_schema(schema)
validator = Draft202012Validator(schema)
failures = [f"the example: {error.message}" for error in validator.iter_errors(example)]
for case in corpus["cases"]:
    errors = [error.message for error in validator.iter_errors(patched(corpus["document"], case["patch"]))]
    if bool(errors) != (case["then"] == "refused"):
        failures.append(f"{case['is']}: {errors or 'is taken'}; it should be {case['then']}")

print("\n".join(failures) or f"the example and {len(corpus['cases'])} documents of the corpus are judged as by the reader")
sys.exit(1 if failures else 0)
