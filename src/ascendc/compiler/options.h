// SPDX-License-Identifier: Apache-2.0
#pragma once

// The command line of `etalon cc`: that of a C++ compiler, plus which core to compile for.

#include <string>
#include <vector>

#include "base/result.h"

namespace etalon::ascendc::compiler {

struct Options {
  std::vector<std::string> sources;       // device and host C++
  std::vector<std::string> link_inputs;   // objects, libraries, -l, -L, -Wl, ..., in order
  std::vector<std::string> preprocess;    // -I, -D, -U, -include, ...
  std::vector<std::string> compile;       // -O, -g, -f..., -W...
  std::vector<std::string> dependencies;  // -MD, -MF FILE, ...
  std::string output, standard = "c++17", launch_headers;
  std::string op_host;  // the folder of an operator's host side, if it is not ../op_host
  int op_types = 0;     // which of the combinations of types that the operator declares
  int npu_arch = 2201;  // 2201 (dav-c220) or 3510 (dav-3510)
  bool compile_only = false, preprocess_only = false, shared = false, verbose = false, keep = false,
       coverage = false;
  std::vector<std::string> ignored;  // options of the vendor's compiler that have no meaning here

  const char* architecture() const { return npu_arch == 3510 ? "dav-3510" : "dav-c220"; }
};

// Errors: "cc.option", "cc.no-input", "cc.arch", "cc.output" (one -o for several objects).
Result<Options> read_options(const std::vector<std::string>& words);

}  // namespace etalon::ascendc::compiler
