// SPDX-License-Identifier: Apache-2.0
#pragma once

// What one machine does with the job of a comparison at one set of facts: the step and what follows from it.
// Shares of time are of one step on the device that decides it.

#include <functional>
#include <map>
#include <string>

#include "base/finding.h"
#include "base/result.h"
#include "base/units.h"
#include "catalog/chip_facts.h"
#include "cluster/software.h"

namespace etalon::study {

// The facts of one side: a chip, the node it sits in, and what the training software adds.
struct Machine {
  catalog::Chip chip;
  catalog::Node node;
  cluster::Software software;
};

struct Outcome {
  Seconds step;
  Joules energy;        // all chips, one step
  Bytes memory;         // of the fullest device
  Bytes capacity;       // of a device
  FlopsPerSecond peak;  // of all devices, matrix units at the job's format
  Flops model_flops;    // of one step, in the convention of the report
  double tokens = 0;    // of one step
  double chips = 1;     // packages
  std::map<std::string, Seconds> by_operation, by_limit;
  std::map<std::string, Seconds> by_mechanism;  // to draw the model's own error
  std::string plan;
  Fidelity fidelity = Fidelity::formula;
  Findings findings;

  double tokens_per_second_per_chip() const { return tokens / step.value / chips; }
  double mfu() const { return peak.value > 0 ? model_flops.value / (step.value * peak.value) : 0; }
  Watts power_per_chip() const { return energy / step / chips; }
  double joules_per_token() const { return energy.value / tokens; }
};

// Runs the job on a machine; has to be thread-safe and to give the same outcome for the same facts.
using Evaluate = std::function<Result<Outcome>(const Machine&)>;

}  // namespace etalon::study
