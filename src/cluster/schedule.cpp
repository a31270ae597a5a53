// SPDX-License-Identifier: Apache-2.0
#include "cluster/schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace etalon::cluster {
namespace {

struct Task {
  bool forward = true;
  std::int64_t chunk = 0, micro_batch = 0;
};

// The k-th forward of a rank under interleaving: groups of `ranks` micro-batches go through each chunk in
// turn.
Task nth(std::int64_t k, bool forward, std::int64_t ranks, std::int64_t chunks) {
  const std::int64_t round = ranks * chunks;
  const std::int64_t within = k % round;
  const std::int64_t chunk = within / ranks;
  return {forward, forward ? chunk : chunks - 1 - chunk, k / round * ranks + within % ranks};
}

std::vector<Task> order_of(std::int64_t rank, std::int64_t ranks, std::int64_t chunks,
                           std::int64_t micro_batches) {
  const std::int64_t total = chunks * micro_batches;
  const std::int64_t warm_up =
      std::min(total, chunks == 1 ? ranks - 1 - rank : 2 * (ranks - 1 - rank) + (chunks - 1) * ranks);
  std::vector<Task> out;
  out.reserve(static_cast<std::size_t>(2 * total));
  for (std::int64_t k = 0; k < warm_up; ++k) out.push_back(nth(k, true, ranks, chunks));
  for (std::int64_t k = 0; k < total; ++k) {
    if (k + warm_up < total) out.push_back(nth(k + warm_up, true, ranks, chunks));
    out.push_back(nth(k, false, ranks, chunks));
  }
  return out;
}

class Runner {
 public:
  Runner(const Pipeline& p, bool want_timeline)
      : p_(p),
        ranks_(static_cast<std::int64_t>(p.chunks.size())),
        chunks_(static_cast<std::int64_t>(p.chunks.front().size())),
        want_timeline_(want_timeline),
        forward_end_(static_cast<std::size_t>(ranks_ * chunks_ * p.micro_batches), kUnknown),
        backward_end_(forward_end_) {}

  PipelineRun run() {
    PipelineRun out;
    out.busy.resize(p_.chunks.size());
    out.last_end.resize(p_.chunks.size());
    std::vector<std::vector<Task>> orders;
    for (std::int64_t r = 0; r < ranks_; ++r)
      orders.push_back(order_of(r, ranks_, chunks_, p_.micro_batches));
    std::vector<std::size_t> next(orders.size(), 0);
    for (bool moved = true; moved;) {
      moved = false;
      for (std::int64_t r = 0; r < ranks_; ++r) {
        auto& at = next[static_cast<std::size_t>(r)];
        const auto& order = orders[static_cast<std::size_t>(r)];
        while (at < order.size() && try_task(r, order[at], out)) ++at, moved = true;
      }
    }
    for (const Seconds end : out.last_end) out.span = std::max(out.span, end);
    return out;
  }

 private:
  static constexpr double kUnknown = -1;

  // Stages in the order a micro-batch meets them: chunk by chunk over all ranks.
  double& end(std::vector<double>& of, std::int64_t stage, std::int64_t micro_batch) const {
    return of[static_cast<std::size_t>(stage * p_.micro_batches + micro_batch)];
  }

  // When the input of a task is there; negative while unknown.
  double ready(std::int64_t stage, const Task& task) {
    const std::int64_t last = ranks_ * chunks_ - 1;
    const double hop = ranks_ > 1 ? p_.transfer.value : 0;
    if (task.forward) {
      if (stage == 0) return 0;
      const double before = end(forward_end_, stage - 1, task.micro_batch);
      return before < 0 ? kUnknown : before + hop;
    }
    if (stage == last) return end(forward_end_, stage, task.micro_batch);
    const double after = end(backward_end_, stage + 1, task.micro_batch);
    return after < 0 ? kUnknown : after + hop;
  }

  bool try_task(std::int64_t rank, const Task& task, PipelineRun& out) {
    const std::int64_t stage = task.chunk * ranks_ + rank;
    const double input = ready(stage, task);
    if (input < 0) return false;
    const auto r = static_cast<std::size_t>(rank);
    const StageTime& times = p_.chunks[r][static_cast<std::size_t>(task.chunk)];
    const double length = (task.forward ? times.forward : times.backward).value;
    const double start = std::max(input, out.last_end[r].value);
    end(task.forward ? forward_end_ : backward_end_, stage, task.micro_batch) = start + length;
    out.last_end[r].value = start + length;
    out.busy[r].value += length;
    if (want_timeline_) {
      out.timeline.spans.push_back({fmt::format("stage {}", rank),
                                    fmt::format("{}{}", task.forward ? "F" : "B", task.micro_batch),
                                    start * 1e6, length * 1e6});
    }
    return true;
  }

  const Pipeline& p_;
  std::int64_t ranks_, chunks_;
  bool want_timeline_;
  std::vector<double> forward_end_, backward_end_;
};

}  // namespace

PipelineRun run_pipeline(const Pipeline& pipeline, bool want_timeline) {
  if (pipeline.chunks.empty() || pipeline.chunks.front().empty() || pipeline.micro_batches < 1) return {};
  return Runner(pipeline, want_timeline).run();
}

}  // namespace etalon::cluster
