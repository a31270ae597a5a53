// SPDX-License-Identifier: Apache-2.0
#pragma once

// Kernels of an operator package: PROJECT/op_kernel/NAME.cpp leaves its tiling struct and the types of its
// inputs and outputs to a build step that reads them from PROJECT/op_host. This is that step, reading the
// sources as they stand.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace etalon::ascendc::compiler {

// The folder of the host side of `kernel`, or an empty path: kernel's folder must be called op_kernel.
std::filesystem::path op_host_folder(const std::filesystem::path& kernel);

// Whether a compiler's messages speak of names that only an operator's host side can give.
bool wants_op_host(std::string_view messages);

// The text to include before the kernel: every tiling struct that `host_sources` declare field by field, the
// one registered for the operator as what GET_TILING_DATA reads, and DTYPE_X, ORIG_DTYPE_X, FORMAT_X for each
// input and output. `kernel_name` is the kernel's file name without ending (add_custom for AddCustom);
// `column` picks one of the combinations of types that the operator declares, from 0.
std::string op_host_definitions(const std::vector<std::string>& host_sources, std::string_view kernel_name,
                                int column);

// Writes these definitions for the kernel source `kernel` to `header`; false if it has no host side:
// `folder`, or if that is empty op_host_folder. Folders archNN in it count for `npu_arch` (2201, 3510) alone.
// Error: "cc.no-input" (there is no such folder).
Result<bool> write_op_host_definitions(const std::filesystem::path& kernel, std::filesystem::path folder,
                                       int column, int npu_arch, const std::filesystem::path& header);

}  // namespace etalon::ascendc::compiler
