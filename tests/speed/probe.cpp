// SPDX-License-Identifier: Apache-2.0
// What the speed test measures: one scenario per name, run once. Prints host figures as information only; the
// test counts instructions (callgrind), which repeat exactly on any machine.
//
//   probe machine-gpu-2048 | machine-npu-2048 | machine-compute | all

#include <fmt/format.h>

#include <chrono>
#include <functional>
#include <map>
#include <string>

#include "chip/machine.h"

namespace {

using namespace etalon;
using namespace etalon::chip;

struct Outcome { RunStats stats; std::string name; };

// A persistent matrix product of n^3: two loads and one matrix step per K step, a ring of four stages.
RunStats gpu_product(std::int64_t n) {
  MachineSpec s;
  s.cores = 132;
  s.pipes = {"load", "tensor", "store"};
  s.flags = 32;
  s.queue_depth = 16;
  s.clock = Hertz{1.755e9};
  s.paths = {{"load", Cycles{400}, Cycles{900}, BytesPerSecond{110e9}, BytesPerSecond{110e9}, 16, 0},
             {"store", Cycles{0}, Cycles{0}, BytesPerSecond{60e9}, BytesPerSecond{60e9}, 4, 0}};
  s.l2_rates = {BytesPerSecond{6e12}};
  s.hbm_rate = BytesPerSecond{2.8e12};
  s.l2_capacity = Bytes{30e6};
  s.l2_random_replacement = true;
  Machine m(s);
  const Address a = m.allocate(n * n * 2, n * 2), b = m.allocate(n * n * 2, n * 2), c = m.allocate(n * n * 2, n * 2);
  const std::int64_t rows = n / 128, columns = n / 256, steps = n / 64, pitch = n * 2;
  return m.run(s.cores, [&](Core& core) {
    constexpr int kStages = 4;
    std::int64_t step = 0;
    for (std::int64_t t = core.index(); t < rows * columns; t += 132) {
      const std::int64_t r = t % rows, q = t / rows;
      for (std::int64_t k = 0; k < steps; ++k, ++step) {
        const auto stage = static_cast<FlagId>(step % kStages);
        Instruction load;
        load.access = Access::read;
        load.cycles = 10;
        if (step >= kStages) load.wait[0] = static_cast<FlagId>(8 + stage);
        load.region = {a + static_cast<Address>(r * 128 * pitch + k * 128), 128, 128, pitch};
        core.issue(load);
        load.wait[0] = kNoFlag;
        load.set[0] = stage;
        load.region = {b + static_cast<Address>(q * 256 * pitch + k * 128), 256, 128, pitch};
        core.issue(load);
        Instruction product;
        product.pipe = 1;
        product.cycles = 1024;
        product.wait[0] = stage;
        product.set[0] = static_cast<FlagId>(8 + stage);
        core.issue(product);
      }
      Instruction epilogue;
      epilogue.pipe = 1;
      epilogue.cycles = 1500;
      epilogue.set[0] = 21;
      core.issue(epilogue);
      Instruction store;
      store.pipe = 2;
      store.path = 1;
      store.access = Access::write;
      store.wait[0] = 21;
      store.region = {c + static_cast<Address>(r * 128 * pitch + q * 512), 128, 512, pitch};
      core.issue(store);
    }
  });
}

// Instructions that never meet other cores: what resolving pipes and flags costs by itself.
RunStats compute_only() {
  MachineSpec s;
  s.cores = 24;
  s.pipes = {"a", "b"};
  s.flags = 8;
  s.clock = Hertz{1.8e9};
  s.l2_rates = {BytesPerSecond{5e12}};
  s.hbm_rate = BytesPerSecond{1.5e12};
  s.l2_capacity = Bytes{1e6};
  Machine m(s);
  return m.run(24, [&](Core& core) {
    Instruction x, y;
    x.cycles = 64;
    x.set[0] = 0;
    y.pipe = 1;
    y.cycles = 60;
    y.wait[0] = 0;
    for (int i = 0; i < 20000; ++i) {
      core.issue(x);
      core.issue(y);
    }
  });
}

const std::map<std::string, std::function<RunStats()>> kScenarios = {
    {"machine-gemm-2048", [] { return gpu_product(2048); }},
    {"machine-compute", compute_only},
};

}  // namespace

int main(int argc, char** argv) {
  const std::string wanted = argc > 1 ? argv[1] : "all";
  bool any = false;
  for (const auto& [name, run] : kScenarios) {
    if (wanted != "all" && wanted != name) continue;
    any = true;
    const auto begin = std::chrono::steady_clock::now();
    const RunStats stats = run();
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    fmt::print("{:20} {:9} tile instructions  {:.4f} s host  {:.1f} million/s\n", name, stats.instructions, seconds,
               static_cast<double>(stats.instructions) / seconds * 1e-6);
  }
  return any ? 0 : 2;
}
