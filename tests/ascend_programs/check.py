#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compiles and runs the programs of this folder with `etalon cc`.  usage: check.py PATH-OF-ETALON [NAME...]"""
import os
import pathlib
import stat
import subprocess
import sys
import tempfile

etalon = str(pathlib.Path(sys.argv[1]).resolve())
here = pathlib.Path(__file__).resolve().parent / "programs"
only = sys.argv[2:]
passed = failed = 0


def run(words, folder, **environment):
    return subprocess.run([str(w) for w in words], cwd=folder, capture_output=True, text=True, timeout=120,
                          env={**os.environ, **environment})


def expect(name, done, code, *texts):
    """Exit code and what standard output and error together must hold."""
    global passed, failed
    said = done.stdout + done.stderr
    missing = [t for t in texts if t not in said]
    if done.returncode == code and not missing:
        passed += 1
        return True
    failed += 1
    print(f"FAILED {name}: exit {done.returncode}, expected {code}; missing {missing}\n{said[-2500:]}")
    return False


def compile_and_run(folder, name, sources, *flags):
    built = run([etalon, "cc", *sources, "-o", folder / name, *flags], here)
    if expect(f"compile {name}", built, 0):
        expect(f"run {name}", run([folder / name], folder), 0, "all right")


def profile(folder):
    """Names the lines that take the time, and draws."""
    expect("compile profiled", run([etalon, "cc", "vector_add.asc", "-o", folder / "profiled"], here), 0)
    done = run([etalon, "profile", "--html", "page.html", "--timeline", "launch.svg", "./profiled"], folder)
    expect("profile", done, 0, "Source lines", "add.h:")
    page = (folder / "page.html").read_text()
    expect("page of the profile", run(["true"], folder) if page.count("<svg") == 3 and "add.h:" in page
           else run(["false"], folder), 0)
    expect("picture of a launch", run(["grep", "-c", "mte2", "launch.svg"], folder), 0)


def tasks(folder):
    yield "vector_add", lambda: compile_and_run(folder, "vector_add", ["vector_add.asc"])
    yield "launched_from_a_header", lambda: compile_and_run(folder, "header", ["templates.cpp", "templates_more.cpp"])
    yield "matmul", lambda: compile_and_run(folder, "matmul", ["matmul.cpp"], "-O1")
    yield "matmul_object", lambda: compile_and_run(folder, "matmul_object", ["matmul_object.cpp"])
    yield "registered_tiling", lambda: compile_and_run(folder, "registered_tiling", ["registered_tiling.cpp"])
    yield "language", lambda: compile_and_run(folder, "language", ["language.cpp"])
    for name in ("matmul_shapes", "matmul_types", "matmul_configs", "matmul_mix", "matmul_batches"):
        yield name, lambda name=name: compile_and_run(folder, name, [f"{name}.cpp"])
    yield "styles", lambda: compile_and_run(folder, "styles", ["styles.cpp"])
    yield "matmul_types_950", lambda: matmul_950(folder)
    yield "matmul_misuse", lambda: matmul_misuse(folder)
    yield "debug", lambda: debug(folder)
    yield "mix", lambda: compile_and_run(folder, "mix", ["mix.cpp"])
    yield "launch_by_name", lambda: compile_and_run(folder, "by_name", ["by_name_main.cpp", "by_name_kernel.cpp"])
    yield "icpu", lambda: compile_and_run(folder, "icpu", ["icpu_main.cpp", "by_name_kernel.cpp"])
    yield "objects", lambda: objects(folder)
    yield "scalars", lambda: compile_and_run(folder, "scalars", ["scalars.cpp"])
    yield "library", lambda: library(folder)
    yield "operator", lambda: operator(folder)
    yield "kernel_types", lambda: kernel_types(folder)
    yield "cmake", lambda: cmake(folder)
    yield "profile", lambda: profile(folder)
    yield "errors", lambda: errors(folder)


def objects(folder):
    """Compiled one by one, the host alone by another compiler, linked at the end; the header is written on request."""
    expect("object", run([etalon, "cc", "-c", "-g", "-MD", "-MF", folder / "k.d", here / "by_name_kernel.cpp", "-o",
                          folder / "k.o", "--launch-headers", folder / "inc"], folder), 0)
    expect("header", run(["cat", folder / "inc/aclrtlaunch_scale.h"], folder), 0, "ACLRT_LAUNCH_KERNEL")
    expect("dependencies", run(["cat", folder / "k.d"], folder), 0, "by_name_kernel.cpp", "by_name_tiling.h")
    headers = pathlib.Path(__file__).resolve().parents[2] / "src/ascendc/acl/include"
    expect("host", run(["g++", "-std=c++17", "-c", here / "by_name_main.cpp", "-I", headers, "-I", folder / "inc", "-o",
                        folder / "m.o"], folder), 0)
    expect("link", run([etalon, "cc", folder / "k.o", folder / "m.o", "-o", folder / "linked"], folder), 0)
    expect("run linked", run([folder / "linked"], folder), 0, "all right")


def library(folder):
    """A shared library with kernels, linked by a program; its kernel says its type by a macro."""
    expect("shared library", run([etalon, "cc", "-shared", "-fPIC", here / "library_kernel.cpp", "-o", folder / "libk.so"],
                                 folder), 0)
    expect("link with it", run([etalon, "cc", here / "library_main.cpp", "-L", folder, "-lk", f"-Wl,-rpath,{folder}", "-o",
                                folder / "with_library"], folder), 0)
    expect("run with it", run([folder / "with_library"], folder), 0, "all right")


def operator(folder):
    """A kernel whose tiling struct and types its operator's host side declares: the first types, the second, one's own."""
    for name, flags in (("float", []), ("aclFloat16", ["--op-types=1"])):
        kernel = run([etalon, "cc", "-c", "operator/op_kernel/blend_custom.cpp", "--launch-headers", folder / name, "-o",
                      folder / f"{name}.o", *flags], here)
        if not expect(f"operator's kernel for {name}", kernel, 0):
            continue
        wide = "float" if name == "float" else "_Float16"
        expect(f"operator's program for {name}",
               run([etalon, "cc", f"-DTYPE={wide}", "-I", folder / name, here / "operator_main.cpp", folder / f"{name}.o", "-o",
                    folder / f"op_{name}"], folder), 0)
        expect(f"run operator for {name}", run([folder / f"op_{name}"], folder), 0, "all right")
    expect("types by -D", run([etalon, "cc", "-c", "-DDTYPE_X=int8_t", "operator/op_kernel/blend_custom.cpp", "-o",
                               folder / "d.o"], here), 1, "blend_custom.cpp")
    moved = folder / "elsewhere/blend_custom.cpp"
    moved.parent.mkdir()
    moved.write_text((here / "operator/op_kernel/blend_custom.cpp").read_text())
    expect("no host side", run([etalon, "cc", "-c", moved], folder), 1, "'DTYPE_", "--op-host FOLDER")
    expect("host side named", run([etalon, "cc", "-c", moved, "--op-host", here / "operator/op_host"], folder), 0)
    expect("no such host side", run([etalon, "cc", "-c", moved, "--op-host", "nowhere"], folder), 2, "[cc.no-input]")


def cmake(folder):
    """A project that knows nothing of us but where its toolkit is."""
    root = pathlib.Path(__file__).resolve().parents[2]
    package = root / "cmake/ascend"
    done = run(["cmake", "-S", here.parent / "cmake_project", "-B", folder / "cmake", "-G", "Ninja",
                f"-DASCEND_CANN_PACKAGE_PATH={package}", f"-DCMAKE_PREFIX_PATH={package}", f"-DETALON_PROGRAM={etalon}"], folder)
    if expect("configure", done, 0) and expect("build", run(["cmake", "--build", folder / "cmake"], folder), 0):
        for name in ("language", "by_name", "plain", "matmul_plain"):
            expect(f"run {name}", run([folder / "cmake" / name], folder), 0, "all right")


def matmul_950(folder):
    """The same source for cores whose L0A is laid out by columns."""
    program = folder / "matmul_types_950"
    if expect("compile for the 950", run([etalon, "cc", "--npu-arch=dav-3510", "matmul_types.cpp", "-o", program], here), 0):
        expect("run on the 950", run([etalon, "run", "--chip", "ascend-950pr", program], folder), 0, "all right")


def matmul_misuse(folder):
    """What a Matmul object does not do is said, and how to do it."""
    refused = run([etalon, "cc", "-c", "-DWRONG_TYPES", here / "matmul_misuse.cpp"], folder)
    expect("operands of two types", refused, 1, "A and B of a Matmul have one type", "C of a Matmul is ND, NZ or ND_ALIGN")
    if not expect("compile misuse", run([etalon, "cc", here / "matmul_misuse.cpp", "-o", folder / "misuse"], folder), 0):
        return
    for what, said in enumerate(("has no base block", "does not fit", "GetTensorC without a block", "that GetTensorC has taken",
                                 "call SetWorkspace first", "intrinsicsCheck", "needs SetQuantScalar or SetQuantVector")):
        expect(f"misuse: {said}", run([folder / "misuse", str(what)], folder), 1, "ascendc.matmul", said)


def debug(folder):
    """Printed text comes out; assertions and traps end the kernel with a finding at their line."""
    if not expect("compile debug", run([etalon, "cc", here / "debug.cpp", "-o", folder / "debug"], folder), 0):
        return
    expect("printed", run([folder / "debug"], folder), 0, "block 0 of 1: x is 1.25", "plain", "DumpTensor 7, block 0: 0 1 2 3",
           "DumpTensor 8, block 0: 4 5", "all right")
    for words, said in ((["a"], "wrong != 1"), (["a", "b"], "the kernel called trap"), (["a", "b", "c"], "the kernel called Trap")):
        expect(f"ended by {said}", run([folder / "debug", *words], folder), 3, said, "ascendc.assert")
    expect("the library's assert", run([folder / "debug", *"abcd"], folder), 3, "wrong != 4", "run.abort")


def kernel_types(folder):
    done = run([etalon, "cc", "-v", "-c", here / "types.cpp", "-o", folder / "t.o"], folder)
    expect("kernel types", done, 0, "kernel declared_vector: aiv", "kernel declared_mix: mix 1:2",
           "kernel by_macro<float>: mix 1:1", "kernel by_macro<int>: aiv", "kernel inferred_cube: aic",
           "kernel inferred_mix: mix 1:2", "kernel ns::inferred_vector: aiv")


def errors(folder):
    (folder / "wrong.cpp").write_text('#include "kernel_operator.h"\n\nextern "C" __global__ __aicore__ void k(GM_ADDR x)\n'
                                      '{\n    AscendC::Add(x);\n}\nvoid go() { k<<<1, nullptr, nullptr>>>(nullptr); }\n')
    done = run([etalon, "cc", "-c", "wrong.cpp"], folder)
    if expect("errors at the user's line", done, 1, "wrong.cpp:5:"):
        expect("each error once", run(["test", done.stderr.count("wrong.cpp:5:"), "=", "1"], folder), 0)
    (folder / "missing.cpp").write_text('#include "kernel_operator.h"\n__global__ __vector__ void k() {\n'
                                        '    AscendC::NoSuchFunction(1);\n}\n')
    expect("what is missing fails", run([etalon, "cc", "-c", "missing.cpp"], folder), 1, "missing.cpp:3:", "NoSuchFunction")
    (folder / "later.cpp").write_text('#include "kernel_operator.h"\n__global__ __vector__ void k() {\n'
                                      '    AscendC::HcclNotHere(1);\n    AscendC::Hccl<0> comm;\n}\n')
    expect("what is part of the interface is said to be", run([etalon, "cc", "-c", "later.cpp"], folder), 1,
           "Hccl (", "is part of Ascend C, but not available here")
    expect("coverage", run([etalon, "cc", "--coverage", "later.cpp"], folder), 1, "missing  Hccl", "later.cpp:4")
    expect("full coverage", run([etalon, "cc", "--coverage", here / "by_name_kernel.cpp"], folder), 0, "0 of them missing")
    expect("no compiler", run([etalon, "cc", "-c", "missing.cpp"], folder, ETALON_CLANG="no-such-clang"), 2, "[cc.no-program]")
    tool = folder / "bin/ld"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\necho broken >&2\nexit 1\n")
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    (folder / "host.cpp").write_text("int a;\n")
    expect("broken linker", run([etalon, "cc", "-c", "host.cpp"], folder, PATH=f"{tool.parent}:{os.environ['PATH']}"), 2,
           "[cc.tool]")
    alone = folder / "alone"
    alone.mkdir()
    (alone / "etalon").symlink_to(etalon)
    copy = alone / "program"
    copy.write_bytes(pathlib.Path(etalon).read_bytes())
    copy.chmod(0o755)
    expect("no runtime", run([copy, "cc", folder / "host.cpp", "-o", "x"], folder), 2, "[cc.no-runtime]")


with tempfile.TemporaryDirectory() as scratch:
    for name, task in tasks(pathlib.Path(scratch)):
        if not only or name in only:
            task()
print(f"{passed} passed, {failed} failed")
sys.exit(1 if failed or not passed else 0)
