// SPDX-License-Identifier: Apache-2.0
// Invariants of the machine on random programs: INV-1 to INV-6 of docs/reference/invariants.md.

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>

#include "chip/machine.h"

namespace etalon::chip {
namespace {

struct Step { int kind; int bytes; int cycles; int block; };
struct Case {
  MachineSpec spec;
  std::vector<std::vector<Step>> cores;
};

constexpr std::int64_t kBuffer = 4 << 20;

Case random_case() {
  Case c;
  const int cores = *rc::gen::inRange(1, 9);
  c.spec.cores = cores;
  c.spec.pipes = {"load", "compute", "store"};
  c.spec.flags = 8;
  c.spec.queue_depth = *rc::gen::inRange(1, 12);
  c.spec.clock = Hertz{1e9};
  const double port = *rc::gen::inRange(20, 200) * 1e9;
  const int depth = *rc::gen::inRange(1, 9);
  c.spec.paths = {{"in", Cycles{20}, Cycles{100}, BytesPerSecond{port}, BytesPerSecond{port}, depth, 0},
                  {"out", Cycles{5}, Cycles{5}, BytesPerSecond{port}, BytesPerSecond{port}, depth, 0}};
  c.spec.l2_rates = {BytesPerSecond{*rc::gen::inRange(200, 2000) * 1e9}};
  c.spec.hbm_rate = BytesPerSecond{*rc::gen::inRange(50, 500) * 1e9};
  c.spec.l2_capacity = Bytes{static_cast<double>(*rc::gen::inRange(4, 128)) * 16384};
  c.spec.l2_random_replacement = *rc::gen::arbitrary<bool>();
  c.cores.resize(cores);
  for (auto& steps : c.cores) {
    const int n = *rc::gen::inRange(1, 40);
    for (int i = 0; i < n; ++i) {
      steps.push_back({*rc::gen::inRange(0, 3), 128 * *rc::gen::inRange(1, 129), *rc::gen::inRange(1, 500),
                       *rc::gen::inRange(0, 240)});
    }
  }
  return c;
}

RunStats run(const Case& c) {
  Machine m(c.spec);
  const Address a = m.allocate(kBuffer);
  return m.run(static_cast<int>(c.cores.size()), [&](Core& core) {
    for (const Step& s : c.cores[core.index()]) {
      Instruction i;
      i.pipe = static_cast<PipeId>(s.kind);
      i.cycles = s.kind == 1 ? s.cycles : 1;
      if (s.kind != 1) {
        i.access = s.kind == 0 ? Access::read : Access::write;
        i.path = s.kind == 0 ? 0 : 1;
        i.region = {a + static_cast<Address>(s.block) * 16384, 1, s.bytes, s.bytes};
      }
      core.issue(i);
    }
    core.drain();
  });
}

double requested(const Case& c, int kind) {
  double sum = 0;
  for (const auto& steps : c.cores) {
    for (const Step& s : steps) sum += s.kind == kind ? s.bytes : 0;
  }
  return sum;
}

TEST(Invariants, EveryInstructionIssuedEnds) {
  EXPECT_TRUE(rc::check("INV-1", [] {
    const Case c = random_case();
    const RunStats s = run(c);
    std::size_t issued = 0;
    for (const auto& steps : c.cores) issued += steps.size();
    RC_ASSERT(s.deadlock.empty());
    RC_ASSERT(s.instructions == static_cast<std::int64_t>(issued));
  }));
}
TEST(Invariants, BytesAskedForAreBytesMoved) {
  EXPECT_TRUE(rc::check("INV-2", [] {
    const Case c = random_case();
    const RunStats s = run(c);
    RC_ASSERT(s.hbm_read.value + s.l2_read.value >= requested(c, 0) * 0.999);
    RC_ASSERT(s.l2_written.value >= requested(c, 2) * 0.999);
  }));
}
TEST(Invariants, NoLimitIsEverBeaten) {
  EXPECT_TRUE(rc::check("INV-3", [] {
    const Case c = random_case();
    const RunStats s = run(c);
    RC_ASSERT(s.time.value * c.spec.hbm_rate.value >= s.hbm_read.value * 0.999);
    const double port = c.spec.paths[0].core_hit.value;
    for (const auto& steps : c.cores) {
      double bytes = 0, cycles = 0;
      for (const Step& step : steps) {
        bytes += step.kind == 0 ? step.bytes : 0;
        cycles += step.kind == 1 ? step.cycles : 0;
      }
      RC_ASSERT(s.time.value >= bytes / port * 0.999);
      RC_ASSERT(s.time.value >= cycles * 0.999e-9);
    }
  }));
}
TEST(Invariants, TheSameInputGivesTheSameBytes) {
  EXPECT_TRUE(rc::check("INV-4", [] {
    const Case c = random_case();
    const RunStats a = run(c), b = run(c);
    RC_ASSERT(a.time.value == b.time.value);
    RC_ASSERT(a.hbm_read.value == b.hbm_read.value);
    RC_ASSERT(a.hbm_written.value == b.hbm_written.value);
  }));
}
// Stated only for independent streams: with locks and shared caches, faster parts can reorder a program.
TEST(Invariants, MoreBandwidthNeverSlowsIndependentStreams) {
  EXPECT_TRUE(rc::check("INV-5", [] {
    Case c = random_case();
    for (std::size_t core = 0; core < c.cores.size(); ++core) {
      int k = 0;
      for (Step& s : c.cores[core]) {
        s.kind = 0;
        s.block = static_cast<int>(core) * 30 + k++ % 30;
      }
    }
    c.spec.l2_capacity = Bytes{8e6};
    const double before = run(c).time.value;
    c.spec.hbm_rate *= 1.5;
    RC_ASSERT(run(c).time.value <= before * 1.0001);
  }));
}
TEST(Invariants, AClockTwiceAsFastHalvesComputeOnly) {
  EXPECT_TRUE(rc::check("INV-6", [] {
    Case c = random_case();
    for (auto& steps : c.cores) {
      for (Step& s : steps) s.kind = 1;
    }
    const double before = run(c).time.value;
    c.spec.clock = Hertz{2e9};
    RC_ASSERT(std::abs(run(c).time.value * 2 / before - 1) < 1e-6);
  }));
}

}  // namespace
}  // namespace etalon::chip
