#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Published programs through `etalon profile`, on ascend-910b1: task times within 15 % of what was measured.
usage: check.py PATH-OF-ETALON [program.csv]

The rows are those of the file (data/evidence/program.csv) that time a whole task and that program.cpp can run. That a
tiling is constant is not passed on: a profile counts tiling values as read at run time.
"""
import csv
import json
import pathlib
import subprocess
import sys
import tempfile

etalon = str(pathlib.Path(sys.argv[1]).resolve())
here = pathlib.Path(__file__).resolve().parent
root = here.parents[2]
rows = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else root / "data/evidence/program.csv"
MOST = 15.0  # percent


def words(program, p):
    """Arguments of program.cpp; None if it cannot run this row."""
    if program == "read" and (p["path"], p.get("order", "whole")) in [
            (path, order) for path in ("GM_TO_UB", "GM_TO_L1_ND2NZ") for order in ("whole", "4 column slices")]:
        tile = p.get("tile", "64x1024").split("x")
        return ["read", p["rows"], p["cols"], *tile, p["cores"], p.get("passes", "1"), p.get("order", "1").split()[0]
                .replace("whole", "1"), "l1" if "L1" in p["path"] else "ub"]
    if program == "elementwise" and p["op"] == "add":
        gap = "-1" if p.get("compute") == "scalar" else "256" if p.get("ub") == "conflict_free" else "0"
        return ["add", str(int(p["rows"]) * int(p["cols"])), p["copy_elements"], p["cores"], p.get("buffers", "1"),
                "1" if p.get("inputs") == "bypass_l2" else "0", gap]
    if program == "matmul":
        single = p["l1_blocks"] == "single"
        depth = lambda key, otherwise: "1" if single else str(int(p.get(key, otherwise)) // 2)
        return ["matmul", p["m"], p["n"], p["k"], p["base_m"], p["base_n"], p["base_k"],
                p.get("single_m", p["m"]), p.get("single_n", p["n"]), p["cores"], depth("depth_a1", 16 if p["l1_blocks"] == "multi" else 8), depth("depth_b1", 8),
                "1" if single else "2", p.get("unit_flag", "0")]
    return None


def profiled_us(program, arguments, folder, *options):
    report = folder / "profile.json"
    subprocess.run([etalon, "profile", "--chip", "ascend-910b1", *options, "--json", report, program, *arguments],
                   check=True, capture_output=True, timeout=300)
    kernels = next(b for b in json.loads(report.read_text())["blocks"] if b.get("title") == "Kernels")
    names = [c["name"] for c in kernels["columns"]]
    return kernels["rows"][0][names.index("task")]


def task_us(program, arguments, folder):
    """The scalar unit adds as long in each tile as in the others: two short runs give the time of a tile."""
    if arguments[0] != "add" or arguments[6] != "-1":
        return profiled_us(program, arguments, folder, "--time-only")
    elements, copy = int(arguments[1]), int(arguments[2])
    short, longer = (profiled_us(program, ["add", str(n * copy), *arguments[2:]], folder) for n in (8, 16))
    return longer + (longer - short) * (elements / copy - 16) / 8


tried = failed = 0
with tempfile.TemporaryDirectory() as scratch:
    folder = pathlib.Path(scratch)
    subprocess.run([etalon, "cc", here / "program.cpp", "-O2", f"-I{root / 'src'}", "-o", folder / "program"], check=True)
    lines = [l for l in rows.read_text().splitlines() if not l.startswith("#")]
    for row in csv.DictReader(lines):
        params = dict(item.split("=", 1) for item in row["params"].split(";"))
        arguments = words(row["program"], params)
        if row["metric"] != "task_us" or row["chip"] != "ascend-910b1" or arguments is None:
            continue
        tried += 1
        got, measured = task_us(folder / "program", arguments, folder), float(row["value"])
        error = 100 * (got / measured - 1)
        print(f"{row['id']:24} measured {measured:10.1f} us, profile {got:10.1f} us, {error:+.1f} %")
        if abs(error) > MOST:
            failed += 1
            print(f"FAILED {row['id']}: off by more than {MOST} %")
print(f"{tried} programs, {failed} failed")
sys.exit(1 if failed or tried < 10 else 0)
