// SPDX-License-Identifier: Apache-2.0
#pragma once

// A few positive constants fitted to ln(predicted / measured): Gauss-Newton in the logarithm of the
// constants, with weights that make large residuals count by size instead of by square.
//
// Residuals come from the simulation; how they change with the constants comes from the closed form, which is
// a thousand times faster. Each round moves the closed form, row by row, onto the simulation at the present
// point, solves the moved form, and simulates again where that led; the best simulated point is kept.

#include <functional>
#include <vector>

namespace etalon::fit {

using Vector = std::vector<double>;
using Model = std::function<Vector(const Vector& constants)>;  // residuals, one a row

struct Solution {
  Vector constants;
  double before = 0, after = 0;  // mean absolute residual
};

struct SolveOptions {
  int rounds = 2;          // simulations after the first
  int steps = 5;           // of each round
  double settled = 0.002;  // ends rounds and steps: the largest relative change of a constant
  double prior = 0.3;  // standard deviation of ln(constant) around its start: holds what rows do not decide
  double knee = 0.05;  // residuals above it weigh by size
};

Solution solve(const Vector& start, const Model& simulated, const Model& closed_form,
               const SolveOptions& = {});

double mean_absolute(const Vector&);

}  // namespace etalon::fit
