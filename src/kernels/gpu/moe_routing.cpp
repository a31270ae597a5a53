// SPDX-License-Identifier: Apache-2.0
#include "kernels/gpu/moe_routing.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/rng.h"

namespace etalon::kernels::gpu {
namespace {

std::int64_t local_experts(const llm::GroupedMatmul& op) {
  return std::max<std::int64_t>(1, op.experts / std::max<std::int64_t>(1, op.ep));
}

ExpertLoads busiest_rank(const std::vector<std::int64_t>& counts, std::int64_t local) {
  std::int64_t best = -1, best_at = 0;
  for (std::int64_t first = 0; first + local <= static_cast<std::int64_t>(counts.size()); first += local) {
    const std::int64_t sum =
        std::accumulate(counts.begin() + first, counts.begin() + first + local, std::int64_t{0});
    if (sum > best) best = sum, best_at = first;
  }
  return {counts.begin() + best_at, counts.begin() + best_at + local};
}

// Uniform u to a value of the density v^-a on [low, high].
double inverse_power(double u, double a, double low, double high) {
  if (std::fabs(a - 1) < 1e-9) return low * std::pow(high / low, u);
  const double p = 1 - a;
  return std::pow(std::pow(low, p) + u * (std::pow(high, p) - std::pow(low, p)), 1 / p);
}

}  // namespace

ExpertLoads balanced_loads(const llm::GroupedMatmul& op) {
  std::vector<std::int64_t> counts(static_cast<std::size_t>(op.experts), 0);
  const std::int64_t stride = (op.experts + op.top_k - 1) / op.top_k;
  for (std::int64_t t = 0; t < op.tokens; ++t) {
    const std::int64_t first = op.tokens < stride ? t * stride / op.tokens : t;  // few tokens: evenly apart
    for (std::int64_t i = 0; i < op.top_k; ++i)
      ++counts[static_cast<std::size_t>((first + i * stride) % op.experts)];
  }
  return busiest_rank(counts, local_experts(op));
}

ExpertLoads drawn_loads(const llm::GroupedMatmul& op, std::uint64_t seed) {
  Rng rng(seed, "moe.power-law");
  const std::int64_t routed = op.tokens * op.top_k;
  const bool few = routed <= op.experts;
  const double low = few ? 0.01 : 1.0, high = few ? 2.0 : std::max(2.0, 0.8 * static_cast<double>(op.tokens));
  const auto n = static_cast<std::size_t>(op.experts);
  std::vector<double> weight(n);
  double sum = 0;
  for (double& w : weight) sum += w = inverse_power(rng.uniform(), op.skew, low, high);
  std::vector<std::int64_t> counts(n);
  for (std::size_t e = 0; e < n; ++e)
    counts[e] =
        std::min<std::int64_t>(op.tokens, std::llround(weight[e] / sum * static_cast<double>(routed)));
  // Hand out (or take back) what rounding left, one token at a time from the largest down.
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return weight[a] > weight[b]; });
  std::int64_t left = routed - std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
  for (std::size_t i = 0; left != 0; i = (i + 1) % n) {
    std::int64_t& c = counts[order[i]];
    if (left > 0 && c < op.tokens)
      ++c, --left;
    else if (left < 0 && c > 0)
      --c, ++left;
  }
  return busiest_rank(counts, local_experts(op));
}

std::int64_t total(const ExpertLoads& loads) {
  return std::accumulate(loads.begin(), loads.end(), std::int64_t{0});
}
std::int64_t active(const ExpertLoads& loads) {
  return std::count_if(loads.begin(), loads.end(), [](std::int64_t c) { return c > 0; });
}

}  // namespace etalon::kernels::gpu
