// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "ascendc/compiler/messages.h"
#include "ascendc/compiler/object_file.h"
#include "ascendc/compiler/op_host.h"
#include "ascendc/compiler/options.h"
#include "ascendc/compiler/process.h"
#include "ascendc/compiler/trampoline.h"

namespace etalon::ascendc::compiler {
namespace {

DeviceKernel kernel(std::set<std::string> reached, std::string declared = "auto") {
  DeviceKernel k;
  k.symbol = "k";
  k.declared = std::move(declared);
  k.reached = std::move(reached);
  return k;
}
CoreType type_of(const DeviceKernel& cube, const DeviceKernel& vector) {
  return join_kernels({cube}, {vector}).at(0).type;
}

TEST(KernelType, follows_from_what_the_code_reaches) {
  const DeviceKernel nothing = kernel({}), mmad = kernel({"etalon_asc_mmad_op", "etalon_asc_move_op"});
  const DeviceKernel vector = kernel({"etalon_asc_vector_op"}), move = kernel({"etalon_asc_move_op"});
  EXPECT_EQ(type_of(vector, vector), CoreType::aiv);  // the same code on both: no cube is needed
  EXPECT_EQ(type_of(mmad, mmad), CoreType::aic);
  EXPECT_EQ(type_of(mmad, nothing), CoreType::aic);  // `if (g_coreType == AIV) return;`
  EXPECT_EQ(type_of(mmad, vector), CoreType::mix_1_2);
  EXPECT_EQ(type_of(mmad, move), CoreType::mix_1_2);  // each kind has its own work
  EXPECT_EQ(type_of(move, vector), CoreType::mix_1_2);
  EXPECT_EQ(type_of(nothing, nothing), CoreType::aiv);
  EXPECT_EQ(type_of(move, move), CoreType::aiv);
}

TEST(KernelType, is_what_was_declared) {
  EXPECT_EQ(type_of(kernel({}, "mix11"), kernel({}, "mix11")), CoreType::mix_1_1);
  DeviceKernel marked = kernel({"etalon_asc_vector_op"});
  marked.marks = {{"etalon_task_type_KERNEL_TYPE_MIX_AIC_1_2", 0},
                  {"etalon_keyed_task_type_KERNEL_TYPE_AIC_ONLY", 7}};
  const LinkedKernel k = join_kernels({}, {marked}).at(0);
  EXPECT_EQ(k.type, CoreType::mix_1_2);
  ASSERT_EQ(k.keyed.size(), 1u);
  EXPECT_EQ(k.keyed[0], (std::pair<std::uint64_t, CoreType>(7, CoreType::aic)));
  EXPECT_FALSE(k.cube);
}

TEST(Trampolines, name_both_images) {
  LinkedKernel k;
  k.symbol = "_Z1kIfEvPh";
  k.shown = "k<float>";
  k.cube = k.vector = k.weak = true;
  const std::string s = trampolines({k}, "dav-c220");
  EXPECT_NE(s.find("etalon_cube._Z1kIfEvPh"), std::string::npos);
  EXPECT_NE(s.find("etalon_vector._Z1kIfEvPh"), std::string::npos);
  EXPECT_NE(s.find(".weak _Z1kIfEvPh"), std::string::npos);
  EXPECT_NE(s.find("comdat"), std::string::npos);
}

TEST(Options, are_those_of_a_compiler) {
  const ScratchFolder folder;
  const std::string source = (folder.path() / "k.asc").string();
  ASSERT_TRUE(write_file(source, "int a;"));
  const auto o = read_options({source, "-O3", "-I", "inc", "-DX=1", "-o", "k", "-std=c++20", "-lascendcl",
                               "-lz", "-Wl,-s", "--npu-arch=dav-3510", "--cce-auto-sync", "-mllvm", "-cce-x",
                               "-g", "-MD", "-MF", "k.d"});
  ASSERT_TRUE(o) << o.error().text();
  EXPECT_EQ(o->sources, std::vector<std::string>{source});
  EXPECT_EQ(o->preprocess, (std::vector<std::string>{"-Iinc", "-DX=1"}));
  EXPECT_EQ(o->compile, (std::vector<std::string>{"-O3", "-g"}));
  EXPECT_EQ(o->link_inputs, (std::vector<std::string>{"-lz", "-Wl,-s"}));
  EXPECT_EQ(o->dependencies, (std::vector<std::string>{"-MD", "-MF", "k.d"}));
  EXPECT_EQ(o->ignored.size(), 3u);
  EXPECT_STREQ(o->architecture(), "dav-3510");
  EXPECT_EQ(o->standard, "c++20");
  EXPECT_EQ(o->output, "k");
  EXPECT_EQ(read_options({source, "--chip", "ascend-910b1"})->npu_arch, 2201);
  EXPECT_EQ(read_options({source, "--chip", "ascend-950pr"})->npu_arch, 3510);
  EXPECT_EQ(read_options({source, "--frobnicate"}).error().code, "cc.option");
}

TEST(Messages, each_is_said_once) {
  Messages m;
  m.add(
      "In file included from a.cpp:1:\nk.h:3:1: error: no\n  3 | x\nk.h:9:1: warning: odd\n2 errors "
      "generated.\n");
  m.add(
      "In file included from a.cpp:1:\nk.h:3:1: error: no\n  3 | x\nk.h:5:1: error: more\n1 error "
      "generated.\n");
  EXPECT_EQ(m.text(),
            "In file included from a.cpp:1:\nk.h:3:1: error: no\n  3 | x\nk.h:9:1: warning: odd\nk.h:5:1: "
            "error: more\n");
}

TEST(Messages, name_types_as_programs_do_and_leave_our_own_code_out) {
  Messages m;
  m.add(
      "a.cpp:5:3: error: no match\n    5 |   Add(a, b);\n      |   ^~~\n"
      "/x/src/ascendc/api/ascendc/vector.h:28:41: note: 'float' vs. 'AscendC::number::Small<AscendC::number::"
      "Format<5, 10, true>, _Float16, AscendC::number::HalfTag>' and 'LocalTensor<Small<E4m3, unsigned char, "
      "E4m3Tag>>'\n   28 | template <class T> inline void Add();\n      |      ^\n"
      "a.cpp:7:5: note: here: 'Small<int>'\n    7 |   a | b\n");
  EXPECT_EQ(m.text(),
            "a.cpp:5:3: error: no match\n    5 |   Add(a, b);\n      |   ^~~\n"
            "/x/src/ascendc/api/ascendc/vector.h:28:41: note: 'float' vs. 'half' and "
            "'LocalTensor<fp8_e4m3fn_t>'\n"
            "a.cpp:7:5: note: here: 'Small<int>'\n    7 |   a | b\n");
}

TEST(Tools, missing_ones_and_broken_objects_are_errors) {
  const ScratchFolder folder;
  const auto missing = run_program({"etalon-no-such-program"}, folder.path() / "log");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, "cc.no-program");
  ASSERT_TRUE(write_file(folder.path() / "x.o",
                         "\x7f"
                         "ELF and then nothing"));
  const auto object = device_kernels(folder.path() / "x.o");
  ASSERT_FALSE(object);
  EXPECT_EQ(object.error().code, "cc.object");
}

TEST(OpHost, declares_what_the_kernel_leaves_out) {
  const std::vector<std::string> host = {
      "namespace optiling { BEGIN_TILING_DATA_DEF(Inner) TILING_DATA_FIELD_DEF(int, n); "
      "END_TILING_DATA_DEF;\n"
      "REGISTER_TILING_DATA_CLASS(InnerOp, Inner) BEGIN_TILING_DATA_DEF(Outer) END_TILING_DATA_DEF;\n"
      "REGISTER_TILING_DATA_CLASS(MySum, Outer) }",
      "class Other : public OpDef { void f() { this->Input(\"z\").DataType({ge::DT_INT8}); } };\n"
      "class MySum : public OpDef { MySum() { this->Input(\"x\") // .DataType({ge::DT_INT8})\n"
      ".DataType({ge::DT_FLOAT16, ge::DT_BF16}).Format({ge::FORMAT_ND, ge::FORMAT_FRACTAL_NZ});\n"
      "this->Output(\"y\").DataTypeList({ge::DT_INT32}); } };"};
  const std::string first = op_host_definitions(host, "my_sum", 0),
                    second = op_host_definitions(host, "my_sum", 1);
  EXPECT_NE(first.find("#define DTYPE_X half\n"), std::string::npos) << first;
  EXPECT_NE(first.find("#define ORIG_DTYPE_X DT_FLOAT16\n"), std::string::npos);
  EXPECT_NE(first.find("#define FORMAT_X FORMAT_ND\n"), std::string::npos);
  EXPECT_NE(first.find("BEGIN_TILING_DATA_DEF(Inner)"), std::string::npos);
  EXPECT_NE(first.find("using etalon_tiling_default = ::Outer;"), std::string::npos);
  EXPECT_EQ(first.find("DTYPE_Z"), std::string::npos);
  EXPECT_NE(second.find("#define DTYPE_X bfloat16_t\n"), std::string::npos);
  EXPECT_NE(second.find("#define DTYPE_Y int32_t\n"), std::string::npos) << "one type for all combinations";
  EXPECT_NE(second.find("#define FORMAT_X FORMAT_FRACTAL_NZ\n"), std::string::npos);
  EXPECT_EQ(op_host_definitions(host, "nobody", 0).find("etalon_tiling_default"), std::string::npos);
}

TEST(OpHost, stands_beside_the_kernel) {
  EXPECT_TRUE(op_host_folder("somewhere/kernel.cpp").empty());
  EXPECT_TRUE(wants_op_host("k.cpp:1: error: use of undeclared identifier 'DTYPE_X'"));
  EXPECT_FALSE(wants_op_host("k.cpp:1: error: use of undeclared identifier 'X'"));
}

}  // namespace
}  // namespace etalon::ascendc::compiler
