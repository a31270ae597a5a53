// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is fitted, on which rows, in which order. A newcomer adds one table to family.cpp.

#include <string>
#include <vector>

#include "evidence/corpus.h"

namespace etalon::fit {

// A constant of the chip file: its path and where every fit starts, in the unit the file writes.
struct Constant {
  std::string path;
  double start;
};

// The rows of one group of evidence that a stage is fitted on; what is left empty chooses nothing.
struct Rows {
  evidence::Kind kind = evidence::Kind::gemm;
  std::string dtype;  // as in the evidence
  std::string
      what;  // beginning of the group's name as `etalon validate` prints it: "forward", "matmul task_us"
  std::string source;      // beginning of the row's source
  int one_in = 2;          // rows whose 32-bit FNV-1a hash of the id is divisible by it; the others check
  double at_least_us = 0;  // shorter ones are left to check: for timers of coarse resolution
};

// Constants fitted together, after those of the stages before.
struct Stage {
  std::vector<Rows> rows;
  std::vector<Constant> constants;
};

struct Family {
  std::string name, chip;
  std::string list;  // data/calibration/LIST.txt
  std::vector<Stage> stages;
};

const std::vector<Family>& families();

// Whether the stage is fitted on the row of that chip.
bool is_for(const Stage& stage, const std::string& chip, const evidence::Row& row);

}  // namespace etalon::fit
