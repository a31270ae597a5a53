// SPDX-License-Identifier: Apache-2.0
#pragma once

// How long one operation takes on one device: the only place where fidelity is chosen, and each answer is
// tagged with it. cycle: tile programs on the simulated chip. formula: closed form, used to rank candidates.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/document.h"
#include "base/finding.h"
#include "base/result.h"
#include "base/units.h"
#include "catalog/chip_facts.h"
#include "llm/operation.h"

namespace etalon::kernels {

// How the operation is repeated while it is timed: decides the L2 state, the launch cost and the clock.
struct Harness {
  enum class Launch { graph, eager, profiler };  // graph replay; framework call; kernel time as a profiler prints it
  Launch launch = Launch::graph;
  int weight_copies = 1;      // the benchmark cycles through so many copies of the weights (B, or KV)
  Bytes weight_rotation{0};   // > 0: as many copies as make this many bytes together, at least 1, at most weight_copies
  int replays = 12;           // equal calls back to back: with the time of one they give the length of the burst (power)
  bool warm = true;           // operands keep their addresses from call to call; false: L2 is flushed before each
  bool sustained = false;     // true: inside a step that runs for seconds; the clock is that of mean power
  std::optional<Hertz> clock; // fixed clock instead of the power model
  std::string software;       // library generation, "" = newest known ("trtllm-1.3", "vidur-2023")
  int seeds = 5;              // draws for skewed routing
  bool operator==(const Harness&) const = default;
};

enum class Limit { matrix, vector, hbm, l2, link, launch, latency };
const char* name_of(Limit);

struct KernelCost {
  Seconds time;               // as the harness would print it
  Seconds launch;             // part of it that is launch and host cost
  Seconds low, high;          // 90% interval of the model's own error, = time if unknown
  Fidelity fidelity = Fidelity::formula;
  Hertz clock;
  int kernels = 1;            // device kernels launched
  Flops flops;
  Bytes hbm_read, hbm_written, l2_read;
  Joules energy;
  std::map<std::string, Seconds> busy;    // per pipe, mean over cores
  std::map<std::string, Seconds> stalls;  // per reason, mean over cores
  std::map<Limit, double> limits;         // share of the time set by each limit, sums to 1
  std::string tiling;                     // "128x256x64, 4 stages, split-K 2, 1 CTA/SM"
  std::string mechanism;                  // band for error statistics: "gemm.compute", "attention.decode", ...
  Findings findings;
  std::optional<Timeline> timeline;
};

// Options of one cost model. Thread-safe: cost() may be called from several threads.
struct CostOptions {
  Fidelity fidelity = Fidelity::cycle;
  std::string cache_file;     // SQLite; empty: memory only
  bool want_timeline = false;
};

class CostModel {
 public:
  explicit CostModel(catalog::Chip chip, CostOptions options = {});
  ~CostModel();
  CostModel(CostModel&&) noexcept;
  CostModel& operator=(CostModel&&) noexcept;
  Result<KernelCost> cost(const llm::Operation&, const Harness& = {}) const;
  const catalog::Chip& chip() const;
  Findings findings() const;  // about the cache itself
 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// One family of kernels on one kind of core. A newcomer adds one file and one line in builtin.cpp.
struct Kernel {
  std::string name;           // "gpu.gemm"
  std::string summary, not_for, source, example;
  catalog::CoreKind kind = catalog::CoreKind::gpu;
  bool (*accepts)(const catalog::Chip&, const llm::Operation&) = nullptr;
  Result<KernelCost> (*cost)(const catalog::Chip&, const llm::Operation&, const Harness&, const CostOptions&) = nullptr;
};
const std::vector<Kernel>& builtin_kernels();  // src/kernels/builtin.cpp: the only list to edit

}  // namespace etalon::kernels
