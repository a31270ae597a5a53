// SPDX-License-Identifier: Apache-2.0
#pragma once

// From an Ascend C source to an object file or a program: preprocess once per pass, rewrite, compile, merge
// the host object with both device objects and the trampolines, link with the runtime library.

#include <filesystem>
#include <string>

#include "ascendc/compiler/options.h"
#include "base/result.h"

namespace etalon::ascendc::compiler {

// Where the driver finds what it needs.
struct Installation {
  std::filesystem::path api;              // device headers
  std::filesystem::path runtime_headers;  // acl/acl.h and the like
  std::filesystem::path names;            // data/ascendc/names.csv
  std::filesystem::path libraries;        // libetalon_ascend.so and libetalon_ascend_start.a
  std::string clang = "clang++-19";
  static Installation here();  // beside the running program; ETALON_CLANG names another clang
};

// Messages of the compiler go to standard error, each once although three passes may give it. Returns the
// exit code: 0, or 1 if the source has errors. Errors: those of options, rewriting and running programs;
// "cc.no-runtime".
Result<int> run_compiler(const Options& options, const Installation& installation);

}  // namespace etalon::ascendc::compiler
