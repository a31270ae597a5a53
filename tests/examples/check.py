#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compiles and runs the programs of examples/ with `etalon cc`.  usage: check.py PATH-OF-ETALON [NAME...]

A good program ends with code 0, says that its numbers are right, and nobody finds anything, on two chips. A broken one (folder
broken/) names what must be found in its first lines, once for each finding:
  // finds: CODE, kernel NAME, line N[, line M]
N is where the finding is, M the other line it names. Nothing else may be found but advice."""
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile

etalon = str(pathlib.Path(sys.argv[1]).resolve())
examples = pathlib.Path(__file__).resolve().parents[2] / "examples"
only = sys.argv[2:]
chips = ("ascend-910b1", "ascend-910c")  # of different core counts
# What the launch itself reports of a kernel that ended early, after the checker has said it better.
echoes = {"ascendc.deadlock": {"hazard.deadlock", "hazard.sync-grid"}}


def run(words, **environment):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("ETALON_CHIP")}
    return subprocess.run([str(w) for w in words], cwd=examples, capture_output=True, text=True, timeout=300,
                          errors="replace", env={**clean, **environment})


def arch_of(source):
    asked = re.search(r"^// arch: (\S+)", source.read_text(), re.M)
    return asked.group(1) if asked else "dav-2201"


def compiled(source, program):
    done = run([etalon, "cc", source, "-o", program, "--npu-arch=" + arch_of(source)])
    return None if done.returncode == 0 and not done.stderr else f"does not compile: {done.stderr[-1500:]}"


def good(source, program):
    for chip in ("ascend-950pr",) if arch_of(source) == "dav-3510" else chips:
        done = run([program], ETALON_CHIP=chip)
        said = done.stdout + done.stderr
        if done.returncode != 0 or " right" not in done.stdout or "WRONG" in said:
            return f"on {chip}: exit {done.returncode}: {said[-1500:]}"
        if done.stderr:
            return f"on {chip}: a false alarm: {done.stderr[-1500:]}"
    return None


def findings_of(text):
    """(code, kernel, line) and the text of each finding, without advice and echoes."""
    found = []
    for severity, code, said in re.findall(r"^etalon: (failure|warning|note) (\S+?): (.*)$", text, re.M):
        kernel = re.match(r"(?:kernel )?([\w<>]+(?:::[\w<>]+)*)", said).group(1)
        seen = {c for c, k, _ in found if k == kernel}
        if severity == "note" or (said.startswith("kernel ") and seen & ({code} | echoes.get(code, set()))):
            continue
        found.append((code, kernel, said))
    return found


def broken(source, program):
    wanted = []
    for words in re.findall(r"^// finds: (.*)$", source.read_text(), re.M):
        code, kernel, *lines = words.split(", ")
        wanted.append((code, kernel.removeprefix("kernel "), [int(x.removeprefix("line ")) for x in lines]))
    if not wanted:
        return "has no line that begins with `// finds:`"
    done = run([program], ETALON_TIMEOUT="1" if "timeout" in wanted[0][0] else "30")
    found = findings_of(done.stderr)
    if len(found) != len(wanted):
        return f"{len(found)} findings, expected {len(wanted)}: {done.stderr[-2500:]}"
    for (code, kernel, lines), (its_code, its_kernel, said) in zip(wanted, found):
        places = [int(n) for n in re.findall(re.escape(source.name) + r":(\d+)", said)]
        # The first place in the text, or the one it ends with, is where it is.
        if (its_code, its_kernel) != (code, kernel) or any(n not in places for n in lines) or \
                (lines and lines[0] not in (places[0], places[-1])):
            return f"expected {code} of {kernel}, lines {lines}; found: {its_code} of {its_kernel}: {said}"
    if done.returncode == 0 and re.search(r"^etalon: failure (?!run\.output)", done.stderr, re.M):
        return "ends with code 0 in spite of its finding"
    if done.returncode != 0 and "etalon: failure" not in done.stderr:
        return f"ends with code {done.returncode} for a warning"
    return None


def check(source):
    with tempfile.TemporaryDirectory() as scratch:
        program = pathlib.Path(scratch) / "program"
        return compiled(source, program) or (broken if source.parent.name == "broken" else good)(source, program)


sources = sorted(examples.glob("*/*.cpp"))
table = (examples / "README.md").read_text()
failed = 0
for source in sources:  # the table is complete
    name = str(source.relative_to(examples))
    if f"]({name})" not in table:
        failed += 1
        print(f"FAILED {name}: not in examples/README.md")
for name in re.findall(r"\]\(([a-z_]+/[a-z_0-9]+\.cpp)\)", table):
    if not (examples / name).exists():
        failed += 1
        print(f"FAILED examples/README.md: names {name}, which does not exist")

sources = [s for s in sources if not only or s.stem in only or str(s.relative_to(examples)) in only]
workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
with concurrent.futures.ThreadPoolExecutor(workers) as pool:
    for source, problem in zip(sources, pool.map(check, sources)):
        if problem:
            failed += 1
            print(f"FAILED {source.relative_to(examples)}: {problem}")
kinds = [s.parent.name == "broken" for s in sources]
print(f"{kinds.count(False)} good and {kinds.count(True)} broken programs, {failed} failed")
sys.exit(1 if failed or not sources else 0)
