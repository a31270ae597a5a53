// SPDX-License-Identifier: Apache-2.0
#pragma once

// From uncertain facts to the spread of an outcome. All uncertain primary facts are first screened with the
// cheap evaluation (formula fidelity) at both ends; the most influential are run again with the full one; a
// response surface joins these runs, is sampled, and some samples are run in full to state its error.

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "study/outcome.h"
#include "study/surface.h"

namespace etalon::study {

// One uncertain primary fact of one side.
enum class Sheet { chip, node, software };
struct Variable {
  Sheet sheet = Sheet::chip;
  catalog::Fact fact;
  std::string origin;    // the data file it is written in: what two sides take from one place is one unknown
  double swing = 0;      // ln(step at an end / nominal step), largest of the ends by magnitude, screened
  bool is_full = false;  // its ends were run at full fidelity
  std::string name() const;
  bool moves() const { return swing != 0; }
};

Machine with(const Machine& machine, const Variable& variable, double si);
Machine with_choice(const Machine& machine, const Variable& variable, const std::string& choice);
// Uncertain facts that are sampled, neither derived nor certain: of chip, node, software, each by path.
std::vector<Variable> variables_of(const Machine& machine);

// The names of the outputs of a surface, in order: the four of the step, then shares.
struct OutputNames {
  std::vector<std::string> operations, limits;
  static constexpr int kStep = 0, kEnergy = 1, kMemory = 2, kPeak = 3, kFirst = 4;
  static OutputNames of(const Outcome& nominal);
  Surface::Outputs outputs(
      const Outcome& outcome) const;  // seconds by operation, then by limit, after kFirst
};

struct Sensitivity {
  Outcome nominal;
  OutputNames names;
  std::vector<Variable> variables;  // those that move anything, in surface order
  Surface surface;
  int runs = 0, full_runs = 0;
  int still = 0;  // uncertain facts that moved nothing
  Findings findings;
  std::optional<int> index_of(const std::string& name) const;
};

struct SensitivityOptions {
  int full_facts = 6;  // as many of the most influential facts are run at full fidelity
  int jobs = 2;
  const std::atomic<bool>* cancelled = nullptr;
  std::function<void(int done, int total)> progress;  // may be called from any thread
};

// Errors: those of `full` at the nominal point; study.cancelled.
Result<Sensitivity> sensitivity(const Machine& machine, const Evaluate& quick, const Evaluate& full,
                                const SensitivityOptions& options = {});

// Values of the side's variables for every sample, as the surface takes them. Streams are named by the file a
// fact is written in: sides that take a fact from the same place (a base chip, the same software) get the
// same draws.
std::vector<std::vector<double>> draw(const Sensitivity& sensitivity, std::uint64_t seed, int samples);
// The machine of one such sample.
Machine machine_at(const Machine& machine, const Sensitivity& sensitivity, const std::vector<double>& x);

}  // namespace etalon::study
