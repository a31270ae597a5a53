// SPDX-License-Identifier: Apache-2.0
// What the speed test measures: one scenario per name, run once. Prints host figures as information only; the
// test counts instructions (callgrind), which repeat exactly on any machine.
//
//   probe machine-gemm-2048 | machine-gemm-8192 | machine-stream | machine-compute | all

#include <fmt/format.h>

#include <ctime>
#include <functional>
#include <map>
#include <string>

#include "chip/machine.h"

namespace {

using namespace etalon;
using namespace etalon::chip;

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
  const Address a = m.allocate(n * n * 2, n * 2), b = m.allocate(n * n * 2, n * 2),
                c = m.allocate(n * n * 2, n * 2);
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

// Two arrays in, one out, in chunks of 16 KiB with two buffers: nothing but transfers, three to each
// instruction of the vector pipe. Ports with a burst window, an L2 of two parts, as on an NPU.
RunStats stream() {
  MachineSpec s;
  s.cores = 48;
  s.pipes = {"load", "vector", "store"};
  s.flags = 8;
  s.clock = Hertz{1.85e9};
  PathSpec in{"in", Cycles{230}, Cycles{230}, BytesPerSecond{227e9}, BytesPerSecond{84e9}, 64, 0};
  in.window = Bytes{22528};
  in.core_burst = BytesPerSecond{160e9};
  in.in_flight_bytes = Bytes{8192};
  PathSpec out = in;
  out.name = "out";
  out.hit_class = 1;
  s.paths = {in, out};
  s.l2_rates = {BytesPerSecond{5.9e12}, BytesPerSecond{3.8e12}};
  s.hbm_rate = BytesPerSecond{1.49e12};
  s.hbm_write_cost = 1.5;
  s.l2_capacity = Bytes{192e6};
  s.l2_block = 32768;
  s.l2_line = 512;
  s.l2_partitions = 2;
  Machine m(s);
  constexpr std::int64_t kBytes = 1 << 28, kChunk = 16384;
  const Address a = m.allocate(kBytes), b = m.allocate(kBytes), c = m.allocate(kBytes);
  return m.run(s.cores, [&](Core& core) {
    core.set_flag(1), core.set_flag(1), core.set_flag(3), core.set_flag(3);
    for (std::int64_t at = core.index() * kChunk; at < kBytes; at += s.cores * kChunk) {
      const auto offset = static_cast<Address>(at);
      Instruction load;
      load.access = Access::read;
      load.cycles = 20;
      load.wait[0] = 1;
      load.region = {a + offset, 1, kChunk, kChunk};
      core.issue(load);
      load.wait[0] = kNoFlag;
      load.set[0] = 0;
      load.region.address = b + offset;
      core.issue(load);
      Instruction add;
      add.pipe = 1;
      add.cycles = 150;
      add.wait[0] = 0, add.wait[1] = 3;
      add.set[0] = 1, add.set[1] = 2;
      core.issue(add);
      Instruction store = load;
      store.pipe = 2;
      store.path = 1;
      store.access = Access::write;
      store.wait[0] = 2;
      store.set[0] = 3;
      store.region.address = c + offset;
      core.issue(store);
    }
  });
}

const std::map<std::string, std::function<RunStats()>> kScenarios = {
    {"machine-gemm-2048", [] { return gpu_product(2048); }},
    {"machine-gemm-8192", [] { return gpu_product(8192); }},
    {"machine-stream", stream},
    {"machine-compute", compute_only},
};

}  // namespace

int main(int argc, char** argv) {
  const std::string wanted = argc > 1 ? argv[1] : "all";
  bool any = false;
  for (const auto& [name, run] : kScenarios) {
    if (wanted != "all" && wanted != name) continue;
    any = true;
    const std::clock_t begin = std::clock();
    const RunStats stats = run();
    const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    fmt::print("{:20} {:9} tile instructions  {:.4f} s host  {:.1f} million/s  {:.3f} us simulated\n", name,
               stats.instructions, seconds, static_cast<double>(stats.instructions) / seconds * 1e-6,
               stats.time.value * 1e6);
  }
  return any ? 0 : 2;
}
