// SPDX-License-Identifier: Apache-2.0
#include "kernels/gpu/attention_formula.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <queue>

namespace etalon::kernels::gpu {

double greedy_makespan(const AttentionPlan& plan, const std::vector<double>& item_cost, int workers) {
  constexpr std::int64_t kMostDealt = 20000;
  const auto per_head = static_cast<std::int64_t>(item_cost.size()) * plan.splits;
  std::int64_t heads = plan.heads;
  double head_cost = 0;
  for (double c : item_cost) head_cost += c * plan.splits;
  double base = 0;
  if (heads * per_head > kMostDealt) {  // the last heads decide the tail; those before keep everyone busy
    const std::int64_t dealt = std::max<std::int64_t>(1, kMostDealt / per_head);
    base = head_cost * static_cast<double>(heads - dealt) / workers;
    heads = dealt;
  }
  std::priority_queue<double, std::vector<double>, std::greater<>> free_at;
  for (int w = 0; w < workers; ++w) free_at.push(base);
  double last = 0;
  for (std::int64_t h = 0; h < heads; ++h)
    for (double c : item_cost)
      for (int s = 0; s < plan.splits; ++s) {
        const double end = free_at.top() + c;
        free_at.pop();
        free_at.push(end);
        last = std::max(last, end);
      }
  return last;
}

std::vector<double> item_seconds(const DeviceFacts& d, const AttentionJob& job) {
  const GroupCosts& c = job.costs;
  const double groups = job.plan.groups;
  // Groups take turns: the tensor cores work through all of them, or a group's own chain is longer.
  const double chain = c.first + c.softmax + (job.in_turn ? c.second : 0);
  const double block = std::max((c.first + c.second) * groups, chain);
  std::vector<double> seconds;
  for (const WorkItem& w : job.plan.items) {
    const double blocks = std::ceil(static_cast<double>(w.blocks) / job.plan.splits);
    const double ends = c.look_up + c.row * w.rows + c.drain + c.second * groups;
    const double cycles = ends + blocks * block + w.masked * c.mask;
    // First keys and the output; where boxes are copied an item ahead, the output alone.
    seconds.push_back(cycles / d.clock + (job.boxes ? 1 : 2) * d.load_latency);
  }
  return seconds;
}

AttentionTime attention_formula(const DeviceFacts& d, const llm::Attention& op, const Harness& harness) {
  const AttentionJob job = attention_job(d, op, harness);
  AttentionTime t = around_attention(d, op, job, harness);
  const std::vector<double> items = item_seconds(d, job);
  t.compute = greedy_makespan(job.plan, items, d.sms);
  const double stream = op.phase == llm::Phase::decode ? job.streamed : t.bytes;
  t.memory = stream * job.kept / d.l2_rate + stream * (1 - job.kept) / job.rate;
  const double first = std::min(*std::max_element(items.begin(), items.end()), t.compute);
  const double rest = t.compute - first;
  t.body = job.fill + first + std::cbrt(rest * rest * rest + t.memory * t.memory * t.memory);
  sum_up(d, t);
  return t;
}

}  // namespace etalon::kernels::gpu
