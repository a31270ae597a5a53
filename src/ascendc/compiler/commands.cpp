// SPDX-License-Identifier: Apache-2.0
#include "ascendc/compiler/commands.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>

namespace etalon::ascendc::compiler {
namespace {

constexpr std::array<const char*, 3> kPassMacros = {"ETALON_ASC_PASS_HOST", "ETALON_ASC_PASS_CUBE",
                                                    "ETALON_ASC_PASS_VECTOR"};

}  // namespace

Words pass_macros(int npu_arch, Pass pass) {
  Words w = {"-DETALON_CC=1", "-D__CCE__=1", fmt::format("-D__NPU_ARCH__={}", npu_arch),
             fmt::format("-D{}=1", kPassMacros[static_cast<std::size_t>(pass)])};
  if (pass == Pass::host) return w;
  const bool c220 = npu_arch == 2201;
  w.push_back(fmt::format("-D__CCE_AICORE__={}", c220 ? 220 : 310));
  w.push_back("-D__CCE_IS_AICORE__=1");
  w.push_back(pass == Pass::cube ? "-D__DAV_CUBE__=1" : "-D__DAV_VEC__=1");
  if (c220) w.push_back(pass == Pass::cube ? "-D__DAV_C220_CUBE__=1" : "-D__DAV_C220_VEC__=1");
  return w;
}

Words compile_words(const Options& options, const std::string& clang, Pass pass,
                    const std::filesystem::path& input, const std::filesystem::path& output) {
  Words w = {clang,
             "-c",
             "-x",
             "c++-cpp-output",
             "-std=" + options.standard,
             "-O2",
             "-gline-tables-only",
             "-gdwarf-aranges",
             "-ffp-contract=off",
             "-fno-strict-aliasing",
             "-Wno-unknown-attributes",
             "-Wno-ignored-attributes",
             "-Wno-unused-value",
             "-Wno-undefined-internal",
             "-Wno-undefined-inline",
             "-Wno-section",
             "-Wno-unused-command-line-argument",
             "-Wno-unused-function",
             "-Wno-c++20-extensions",
             "-Wno-c++11-narrowing",
             "-Wno-unused-variable",
             "-Wno-unused-parameter",
             "-Wno-unneeded-internal-declaration"};
  if (pass != Pass::host)
    // Calls in tail position keep their frames: findings name every line on the way.
    append(w, {"-ffunction-sections", "-fdata-sections", "-fno-omit-frame-pointer",
               "-fno-optimize-sibling-calls", "-fPIC",
               // A null pointer is a wild address like others: what goes through it is carried out, and found.
               "-fno-delete-null-pointer-checks"});
  if (isatty(STDERR_FILENO) != 0) w.push_back("-fcolor-diagnostics");
  append(w, options.compile);
  append(w, {input.string(), "-o", output.string()});
  return w;
}

}  // namespace etalon::ascendc::compiler
