"""homepatchd(8) names every option that daemon/main.cpp knows and every table and first key of config/homepatchd.toml, no
others, and groff finds nothing wrong in it. The packaged configuration shows every key that daemon/config*.cpp read.

usage: daemon_manual_test.py SOURCE_FOLDER
"""

import pathlib
import re
import shutil
import subprocess
import sys

source = pathlib.Path(sys.argv[1])
manual = source / "docs/man/homepatchd.8"
page = manual.read_text(encoding="utf-8").replace("\\-", "-")
main = (source / "daemon/main.cpp").read_text(encoding="utf-8")
config = (source / "config/homepatchd.toml").read_text(encoding="utf-8")


def section(name):
    return re.search(rf"^\.SH {name}\n(.*?)(?=^\.SH )", page, re.S | re.M)[1]


def same(what, in_page, in_source):
    return [f"{what} {name}: {'only in the page' if name in in_page else 'not in the page'}"
            for name in sorted(in_page ^ in_source)]


options = set(re.findall(r"--[a-z-]+", " ".join(re.findall(r'(?:add_option|add_flag|_flag)\("([^"]*)"', main))))
tables = set(re.findall(r"^#? ?\[+([a-z]+)\]", config, re.M))
keys = set(re.findall(r"^([a-z_]+) = ", config.split("\n[")[0], re.M))
read = set(re.findall(r'\.key\("([a-z_]+)"', "".join(p.read_text(encoding="utf-8") for p in source.glob("daemon/config*.cpp"))))
shown = set(re.findall(r"^(?:# )?\[*([a-z_]+)(?: =|\])", config, re.M)) | set(re.findall(r"instead of url: ([a-z_]+) =", config))
configuration = section("CONFIGURATION")

failures = same("option", set(re.findall(r"--[a-z-]+", section("OPTIONS"))), options | {"--help"})
failures += same("table", set(re.findall(r"^\.B \[+([a-z]+)\]", configuration, re.M)), tables)
failures += same("key", set(re.findall(r"^\.IR? ([a-z_]+)", configuration.split("Above")[1].split("The tables")[0], re.M)), keys)
failures += [f"key {name}: not in config/homepatchd.toml" for name in sorted(read - shown)]
if len(options) < 3 or len(tables) < 8 or len(keys) < 5 or len(read) < 40:
    failures.append(f"the sources are read wrongly: {options}, {tables}, {keys}, {read}")
if shutil.which("groff"):
    failures += subprocess.run(["groff", "-man", "-Tutf8", "-ww", str(manual)], text=True, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, timeout=60).stderr.splitlines()

print("\n".join(failures) or "the page has what the program has")
sys.exit(1 if failures else 0)
