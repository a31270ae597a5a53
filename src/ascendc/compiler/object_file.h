// SPDX-License-Identifier: Apache-2.0
#pragma once

// What an object file of a device pass says about its kernels: their symbols, and which functions of the
// runtime their code reaches. ELF64, little endian, relocatable.

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace etalon::ascendc::compiler {

struct DeviceKernel {
  std::string symbol;             // mangled
  std::string declared;           // what stands after kKernelSection: "auto", "aiv", "mix12.batch", ...
  bool local = false;             // internal linkage
  bool weak = false;              // of a template: every file that uses it has it
  std::set<std::string> reached;  // undefined symbols its code needs
  std::vector<std::pair<std::string, std::int64_t>> marks;  // of these, etalon_*task_type_*, with addend
};

// The kernels of one object file, by symbol. Error: "cc.object".
Result<std::vector<DeviceKernel>> device_kernels(const std::filesystem::path& object);

}  // namespace etalon::ascendc::compiler
