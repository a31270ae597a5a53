// SPDX-License-Identifier: Apache-2.0
#pragma once

// A response surface: what many outputs become when facts leave their nominal values, from runs at the
// nominal point and at the ends of each fact, one at a time. Effects multiply (they add in the logarithm),
// and between the points of one fact ln(output) is linear in ln(fact); an output that is not positive
// everywhere is added up linearly instead. Interactions are left out: the error against full runs is measured
// and printed.

#include <vector>

namespace etalon::study {

class Surface {
 public:
  using Outputs = std::vector<double>;
  struct Point {
    double x = 0;  // value of the fact (SI), or the index of a choice
    Outputs y;
  };

  explicit Surface(Outputs nominal = {});
  // A numeric fact: at least the nominal point; points in rising x. Returns the variable's index.
  int add(std::vector<Point> points, double nominal_x);
  // A categorical fact: outputs for choice 0, 1, ...
  int add_choices(const std::vector<Outputs>& by_choice);

  // Outputs where variable i has value x[i]; variables beyond x.size() stay nominal. Outside the points:
  // clamped.
  Outputs at(const std::vector<double>& x) const;
  // The same for one output and one variable moved.
  double effect(int variable, double x, int output) const;  // in ln(output), or in the output if it is linear
  const Outputs& nominal() const { return nominal_; }
  int variables() const { return static_cast<int>(variables_.size()); }

 private:
  struct Variable {
    bool is_choice = false;
    std::vector<double> x;  // ln x where all x are positive
    bool is_log = false;
    std::vector<Outputs> effects;  // per point, per output: ln(y / nominal) or y - nominal
  };
  Outputs effects_at(const Variable& variable, double x) const;
  Outputs effect_of(const Outputs& y) const;
  void make_linear(const Outputs& y);

  Outputs nominal_;
  std::vector<bool> is_linear_;
  std::vector<Variable> variables_;
};

}  // namespace etalon::study
