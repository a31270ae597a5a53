// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is fitted, from which rows, in which order.

#include <string>
#include <vector>

namespace etalon::fit {

// A constant of the chip file: its path and where every fit starts, in the unit the file writes.
struct Constant {
  std::string path;
  double start;
};

// Constants fitted together on the rows whose dtype and source match.
struct Stage {
  std::string dtype;   // as in the evidence
  std::string source;  // beginning of the row's source
  std::vector<Constant> constants;
};

struct Family {
  std::string name, chip;
  std::string list;  // data/calibration/LIST.txt
  std::vector<Stage> stages;
};

const std::vector<Family>& families();

// Half of the rows are for fitting: those whose id has an even 32-bit FNV-1a hash.
bool is_for_fitting(const std::string& id);

}  // namespace etalon::fit
