// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which cores a kernel runs on, and the assembly that stands under its name.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "ascendc/compiler/object_file.h"

namespace etalon::ascendc::compiler {

// As etalon_kernel_type of acl/launch_abi.h.
enum class CoreType : std::uint32_t { unknown, aic, aiv, mix_1_1, mix_1_2, mix_aic_1_0, mix_aiv_1_0 };

struct LinkedKernel {
  std::string symbol, shown;  // mangled; as a person writes it
  CoreType type = CoreType::aiv;
  bool batch = false, scratch = false, local = false, weak = false, cube = false, vector = false;
  std::vector<std::pair<std::uint64_t, CoreType>> keyed;  // by tiling key
};

// Joins the kernels of both device passes. The type is the declared one (__vector__,
// KERNEL_TASK_TYPE_DEFAULT); else it follows from what the code reaches: products, loads into L0 and FixPipe
// need a cube core, vector instructions a vector core, both of them a mix of one and two.
std::vector<LinkedKernel> join_kernels(const std::vector<DeviceKernel>& cube,
                                       const std::vector<DeviceKernel>& vector);

inline constexpr const char* kCubePrefix = "etalon_cube.";
inline constexpr const char* kVectorPrefix = "etalon_vector.";

// `architecture`: "dav-c220" or "dav-3510". For the machine this program was built for.
std::string trampolines(const std::vector<LinkedKernel>& kernels, const std::string& architecture);

}  // namespace etalon::ascendc::compiler
