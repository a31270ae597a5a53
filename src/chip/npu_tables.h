// SPDX-License-Identifier: Apache-2.0
#pragma once

// The published single-core tables of an Ascend core, run again on the simulated core: one transfer or one
// instruction at a time. What the experiments leave open is taken so (docs/explain/calibration-npu.md): data
// of the tables into L1 lie in L2, those of the table of 910B1 into UB in memory; matrix instructions of the
// table of 910B1 follow each other, those of the table of 910B3 are alone; vector instructions follow each
// other.

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "catalog/chip_facts.h"

namespace etalon::chip {

struct CorePoint {
  std::string group, op, chip;    // "move" "GM_TO_L1" "910b1"
  double p1 = 0, p2 = 0, p3 = 0;  // move: KiB; mmad: M, K, N of one instruction; vector: elements, repeats
  double cycles = 0;              // measured
};
// Columns group,op,chip,p1,p2,p3,value,unit,...: value is GiB/s (move), FLOP/cycle (mmad), output bytes per
// cycle (vector); a column `cycles` is taken where given. Errors: core.file, core.columns.
Result<std::vector<CorePoint>> read_core_points(const std::filesystem::path& csv);

// The same on the simulated core, in cycles. Error: core.op for an operation the model has no instruction
// for.
Result<double> core_point_cycles(const catalog::Chip& chip, const CorePoint& point);

struct CoreTable {
  std::string name;  // "move GM_TO_L1 910b1"
  int rows = 0;
  double median = 0, p90 = 0;  // absolute relative error
};
// One line per table of the points. Points of operations without a model are in `skipped`.
std::vector<CoreTable> core_table_errors(const catalog::Chip& chip, const std::vector<CorePoint>& points,
                                         std::vector<std::string>* skipped = nullptr);

}  // namespace etalon::chip
