// SPDX-License-Identifier: Apache-2.0
#include "solve.h"

#include <algorithm>
#include <cmath>

namespace etalon::fit {
namespace {

constexpr double kDifference = 0.02;  // relative, of the closed form's slopes
constexpr double kLargestStep = 0.25;
constexpr double kRowNoise = 0.05;  // what a row is worth against the prior

// a x = b for a small symmetric positive definite matrix.
Vector solve_linear(std::vector<Vector> a, Vector b) {
  const std::size_t n = b.size();
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i + 1; j < n; ++j) {
      const double f = a[j][i] / a[i][i];
      for (std::size_t k = i; k < n; ++k) a[j][k] -= f * a[i][k];
      b[j] -= f * b[i];
    }
  }
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t k = i + 1; k < n; ++k) b[i] -= a[i][k] * b[k];
    b[i] /= a[i][i];
  }
  return b;
}

std::vector<Vector> slopes(const Vector& at, const Model& model) {
  std::vector<Vector> out;
  for (std::size_t c = 0; c < at.size(); ++c) {
    Vector high = at, low = at;
    high[c] *= 1 + kDifference;
    low[c] /= 1 + kDifference;
    const Vector up = model(high), down = model(low);
    Vector d(up.size());
    for (std::size_t i = 0; i < d.size(); ++i) d[i] = (up[i] - down[i]) / (2 * std::log1p(kDifference));
    out.push_back(std::move(d));
  }
  return out;
}

Vector step(const Vector& at, const Vector& start, const Vector& residual, const std::vector<Vector>& slope,
            const SolveOptions& o) {
  const std::size_t n = at.size();
  std::vector<Vector> a(n, Vector(n, 0.0));
  Vector b(n, 0.0);
  for (std::size_t i = 0; i < residual.size(); ++i) {
    const double weight =
        std::min(1.0, o.knee / std::max(std::abs(residual[i]), 1e-9)) / (kRowNoise * kRowNoise);
    for (std::size_t c = 0; c < n; ++c) {
      b[c] -= weight * slope[c][i] * residual[i];
      for (std::size_t d = 0; d < n; ++d) a[c][d] += weight * slope[c][i] * slope[d][i];
    }
  }
  for (std::size_t c = 0; c < n; ++c) {
    const double prior = 1 / (o.prior * o.prior);
    a[c][c] += prior;
    b[c] -= prior * std::log(at[c] / start[c]);
  }
  Vector delta = solve_linear(std::move(a), std::move(b));
  for (double& d : delta) d = std::clamp(d, -kLargestStep, kLargestStep);
  return delta;
}

// The closed form, moved row by row so that it agrees with the simulation at one point, solved by itself.
Vector solve_moved(Vector at, const Vector& start, const Vector& shift, const Model& closed_form,
                   const SolveOptions& o) {
  for (int i = 0; i < o.steps; ++i) {
    Vector residual = closed_form(at);
    for (std::size_t r = 0; r < residual.size(); ++r) residual[r] += shift[r];
    const Vector delta = step(at, start, residual, slopes(at, closed_form), o);
    double most = 0;
    for (std::size_t c = 0; c < at.size(); ++c) {
      at[c] *= std::exp(delta[c]);
      most = std::max(most, std::abs(delta[c]));
    }
    if (most < o.settled) break;
  }
  return at;
}

// What the steps make small: rows by size beyond the knee, constants by distance from their start.
double objective(const Vector& residual, const Vector& at, const Vector& start, const SolveOptions& o) {
  double sum = 0;
  for (const double r : residual) {
    const double x = std::abs(r);
    sum += (x < o.knee ? 0.5 * x * x : o.knee * (x - 0.5 * o.knee)) / (kRowNoise * kRowNoise);
  }
  for (std::size_t c = 0; c < at.size(); ++c) {
    const double d = std::log(at[c] / start[c]) / o.prior;
    sum += 0.5 * d * d;
  }
  return sum;
}

}  // namespace

double mean_absolute(const Vector& v) {
  double sum = 0;
  for (const double x : v) sum += std::abs(x);
  return v.empty() ? 0 : sum / static_cast<double>(v.size());
}

Solution solve(const Vector& start, const Model& simulated, const Model& closed_form, const SolveOptions& o) {
  Solution best;
  Vector at = start, residual = simulated(start);
  double least = objective(residual, start, start, o);
  best.constants = start;
  best.before = best.after = mean_absolute(residual);
  for (int i = 0; i < o.rounds; ++i) {
    Vector shift = closed_form(at);
    for (std::size_t r = 0; r < shift.size(); ++r) shift[r] = residual[r] - shift[r];
    const Vector next = solve_moved(at, start, shift, closed_form, o);
    double most = 0;
    for (std::size_t c = 0; c < at.size(); ++c) most = std::max(most, std::abs(std::log(next[c] / at[c])));
    at = next;
    residual = simulated(at);
    if (const double now = objective(residual, at, start, o); now < least) {
      least = now;
      best.after = mean_absolute(residual);
      best.constants = at;
    }
    if (most < o.settled) break;
  }
  return best;
}

}  // namespace etalon::fit
