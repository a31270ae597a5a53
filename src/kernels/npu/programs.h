// SPDX-License-Identifier: Apache-2.0
#pragma once

// Named single-kernel programs whose every step is given by parameters, as tuning guides publish them:
//   matmul       m n k dtype cores split=RxC single_m single_n base_m base_n base_k l1_blocks=single|multi...
//                depth_a1 depth_b1 l2_split_m tiling=constant unit_flag
//   read         rows cols dtype path=GM_TO_UB|GM_TO_L1_ND2NZ tile=RxC cores passes order=whole|4 column
//   slices
//                |same|staggered (every core reads everything, from one start or from its own)
//   elementwise  op rows cols dtype cores copy_elements buffers inputs=bypass_l2 ub=conflict_free
//   compute=scalar
// Metrics: task_us (with the launch a profiler counts), core_us (mean over cores), cube_busy_us,
// mte2_busy_us, vector_busy_us (means over cores). Times are in microseconds.

#include <map>
#include <string>

#include "base/result.h"
#include "catalog/chip_facts.h"

namespace etalon::kernels {

using ProgramParams = std::map<std::string, std::string, std::less<>>;

// Runs the program on a simulated device and returns the metric. Errors: program.unknown, program.parameter,
// program.metric, program.chip (a GPU).
Result<double> program_metric(const catalog::Chip& chip, const std::string& program,
                              const ProgramParams& params, const std::string& metric);

// "m=8192;n=8192" -> parameters. Error: program.parameter.
Result<ProgramParams> parse_program_params(const std::string& text);

}  // namespace etalon::kernels
