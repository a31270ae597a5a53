// SPDX-License-Identifier: Apache-2.0
#include "chip/machine.h"

#include <gtest/gtest.h>

#include <cmath>

namespace etalon::chip {
namespace {

// Two pipes (load, compute), 1 GHz, one path of 100 B/ns per core, L2 1000 B/ns, HBM 400 B/ns.
MachineSpec small_machine(int cores = 4) {
  MachineSpec s;
  s.cores = cores;
  s.pipes = {"load", "compute", "store"};
  s.flags = 16;
  s.queue_depth = 8;
  s.clock = Hertz{1e9};
  s.paths = {{"in", Cycles{10}, Cycles{50}, BytesPerSecond{100e9}, BytesPerSecond{100e9}, 1, 0},
             {"deep", Cycles{10}, Cycles{50}, BytesPerSecond{100e9}, BytesPerSecond{100e9}, 8, 0},
             {"out", Cycles{0}, Cycles{0}, BytesPerSecond{100e9}, BytesPerSecond{100e9}, 8, 0}};
  s.l2_rates = {BytesPerSecond{1000e9}};
  s.hbm_rate = BytesPerSecond{400e9};
  s.l2_capacity = Bytes{1 << 20};
  return s;
}

Instruction load(Address a, std::int64_t bytes, std::uint8_t path, FlagId set, FlagId wait = kNoFlag) {
  Instruction i;
  i.pipe = 0;
  i.access = Access::read;
  i.path = path;
  i.region = {a, 1, bytes, bytes};
  i.set[0] = set;
  i.wait[0] = wait;
  i.name = "load";
  return i;
}
Instruction compute(double cycles, FlagId wait, FlagId set) {
  Instruction i;
  i.pipe = 1;
  i.cycles = cycles;
  i.wait[0] = wait;
  i.set[0] = set;
  i.name = "compute";
  return i;
}
double ns(Seconds t) { return t.value * 1e9; }

TEST(Machine, AMissTakesLatencyPlusBytesAndAHitLess) {
  Machine m(small_machine());
  const Address a = m.allocate(65536);
  const auto program = [&](Core& c) { c.issue(load(a, 16384, 0, kNoFlag)); };
  EXPECT_NEAR(ns(m.run(1, program).time), 50 + 163.84, 1);
  EXPECT_NEAR(ns(m.run(1, program).time), 10 + 163.84, 1);
}
TEST(Machine, AnInOrderPathPaysItsLatencyEachTimeADeepOneOnce) {
  Machine m(small_machine());
  const Address a = m.allocate(1 << 20);
  for (std::uint8_t path : {0, 1}) {
    m.flush_l2();
    const auto stats = m.run(1, [&](Core& c) {
      for (int i = 0; i < 8; ++i) c.issue(load(a + 16384 * i, 16384, path, kNoFlag));
    });
    EXPECT_NEAR(ns(stats.time), path == 0 ? 8 * (50 + 163.84) : 50 + 8 * 163.84, 2) << int(path);
  }
}
TEST(Machine, CoresShareHbmFairly) {
  Machine m(small_machine(8));
  const Address a = m.allocate(8 << 20);
  const auto stats =
      m.run(8, [&](Core& c) { c.issue(load(a + (1 << 20) * c.index(), 1 << 20, 0, kNoFlag)); });
  EXPECT_NEAR(ns(stats.time), 50 + 8.0 * (1 << 20) / 400, 2);
  EXPECT_DOUBLE_EQ(stats.hbm_read.value, 8.0 * (1 << 20));
}
TEST(Machine, DoubleBufferingOverlapsAndSingleDoesNot) {
  for (int buffers : {1, 2}) {
    Machine m(small_machine());
    const Address a = m.allocate(1 << 20);
    const auto stats = m.run(1, [&](Core& c) {
      for (int i = 0; i < 20; ++i) {  // flag b: buffer b full; flag 2+b: buffer b empty
        const auto b = static_cast<FlagId>(i % buffers);
        c.issue(load(a + 16384 * i, 16384, 0, b, i < buffers ? kNoFlag : static_cast<FlagId>(2 + b)));
        c.issue(compute(213.84, b, static_cast<FlagId>(2 + b)));
      }
    });
    EXPECT_NEAR(ns(stats.time), (buffers == 1 ? 40 : 21) * 213.84, 30) << buffers;
  }
}
TEST(Machine, ASecondReaderWaitsForTheFetchUnderWay) {
  Machine m(small_machine(2));
  const Address a = m.allocate(16384);
  const auto stats = m.run(2, [&](Core& c) { c.issue(load(a, 16384, 0, kNoFlag)); });
  EXPECT_DOUBLE_EQ(stats.hbm_read.value, 16384);
  EXPECT_NEAR(ns(stats.time), 50 + 163.84, 2);
}
TEST(Machine, DirtyBlocksAreWrittenBackWhenEvictedNotBefore) {
  Machine m(small_machine());
  const Address a = m.allocate(4 << 20);
  const auto write = [&](std::int64_t from, std::int64_t bytes) {
    return m.run(1, [&, from, bytes](Core& c) {
      Instruction i;
      i.pipe = 2;
      i.access = Access::write;
      i.path = 2;
      i.region = {a + static_cast<Address>(from), 1, bytes, bytes};
      c.issue(i);
    });
  };
  EXPECT_DOUBLE_EQ(write(0, 1 << 20).hbm_written.value, 0);
  EXPECT_DOUBLE_EQ(write(1 << 20, 1 << 20).hbm_written.value, 1 << 20);
}
TEST(Machine, ACyclicSweepLargerThanL2NeverHitsUnderLru) {
  Machine m(small_machine());
  const Address a = m.allocate(2 << 20);
  const auto sweep = [&](Core& c) {
    for (int i = 0; i < 128; ++i) c.issue(load(a + 16384 * i, 16384, 1, kNoFlag));
  };
  m.run(1, sweep);
  EXPECT_DOUBLE_EQ(m.run(1, sweep).hbm_read.value, 2 << 20);
}
TEST(Machine, RectanglesOfAPitchedMatrixAreFoundAgain) {
  Machine m(small_machine());
  const Address a = m.allocate(1024 * 4096, 4096);
  const auto tile = [&](Core& c) {
    Instruction i = load(a, 0, 0, kNoFlag);
    i.region = {a + 128, 128, 128, 4096};
    c.issue(i);
  };
  EXPECT_DOUBLE_EQ(m.run(1, tile).hbm_read.value, 128 * 128);
  EXPECT_DOUBLE_EQ(m.run(1, tile).hbm_read.value, 0);
}
TEST(Machine, RowsCloseTogetherMeetInFewSlicesAndCostWholeLines) {
  // 64 rows of 128 B: 1 KiB apart they lie in one granule, 64 KiB apart in all; in one piece they are spread.
  const auto time = [](std::int64_t pitch, int cores) {
    MachineSpec s = small_machine(8);
    s.l2_line = 512;
    s.l2_slices = 8;
    s.l2_slice_rate = s.l2_rates[0];
    s.l2_granule = Bytes{65536};
    s.l2_capacity = Bytes{64e6};
    Machine m(s);
    const Address a = m.allocate(64 * pitch, pitch);
    m.touch({a, 64, std::min<std::int64_t>(pitch, 128), pitch});
    return ns(m.run(cores,
                    [&](Core& c) {
                      Instruction i = load(a, 0, 0, kNoFlag);
                      i.region = {a, 64, 128, pitch};
                      c.issue(i);
                    })
                  .time) -
           10;
  };
  EXPECT_NEAR(time(128, 1), 64 * 128 / 100.0, 1);    // the port
  EXPECT_NEAR(time(65536, 8), 64 * 128 / 100.0, 1);  // spread: the port
  EXPECT_NEAR(time(1024, 1), 64 * 512 / 125.0, 1);   // one slice, whole lines
  EXPECT_NEAR(time(1024, 8), 8 * 64 * 512 / 1000.0 * 15 / 8, 1);
}
TEST(Machine, ABlockAsSmallAsALineTracksLines) {
  MachineSpec s = small_machine(1);
  s.l2_line = s.l2_block = 512;
  Machine m(s);
  const Address a = m.allocate(1024 * 4096, 4096);
  const auto read = [&](std::int64_t at, std::int64_t rows, std::int64_t width) {
    return m
        .run(1,
             [&](Core& c) {
               Instruction i = load(a, 0, 0, kNoFlag);
               i.region = {a + static_cast<Address>(at), rows, width, 4096};
               c.issue(i);
             })
        .hbm_read.value;
  };
  EXPECT_DOUBLE_EQ(read(0, 16, 128), 16 * 512);  // a line comes whole
  EXPECT_DOUBLE_EQ(read(384, 16, 128), 0);
  EXPECT_DOUBLE_EQ(read(384, 16, 256), 16 * 512);  // two lines of each row, one of them there
}
TEST(Machine, SignalsAndBarriersCrossCores) {
  Machine m(small_machine(2));
  const auto stats = m.run(2, [&](Core& c) {
    if (c.index() == 0) {
      c.issue(compute(100, kNoFlag, kNoFlag));
      c.signal(1, 5, 1, Cycles{20});
    } else {
      c.issue(compute(30, 5, kNoFlag));
    }
    c.drain();
    c.barrier(0, 2, Cycles{7});
  });
  EXPECT_TRUE(stats.deadlock.empty()) << stats.deadlock;
  EXPECT_NEAR(ns(stats.time), 100 + 20 + 30 + 7, 1);
}
TEST(Machine, AFlagNobodySetsIsReportedAsADeadlock) {
  Machine m(small_machine(1));
  const auto stats = m.run(1, [&](Core& c) { c.issue(compute(1, 3, kNoFlag)); });
  EXPECT_NE(stats.deadlock.find("flag 3"), std::string::npos);
}
TEST(Machine, ADynamicCounterIsTakenInSimulatedTimeOrder) {
  Machine m(small_machine(2));
  int taken[2] = {0, 0};
  m.run(2, [&](Core& c) {
    while (c.next(0) < 30) {
      ++taken[c.index()];
      c.issue(compute(c.index() == 0 ? 100 : 200, kNoFlag, 1));
      c.wait_flag(1);
    }
  });
  EXPECT_EQ(taken[0], 20);
  EXPECT_EQ(taken[1], 10);
}
TEST(Machine, TheSameProgramGivesTheSameTime) {
  double first = 0;
  for (int i = 0; i < 2; ++i) {
    Machine m(small_machine(4));
    const Address a = m.allocate(8 << 20);
    const auto s = m.run(4, [&](Core& c) {
      for (int k = 0; k < 64; ++k)
        c.issue(load(a + 16384 * ((k * 7 + c.index() * 13) % 512), 16384, 1, kNoFlag));
    });
    if (i == 0) first = s.time.value;
    EXPECT_EQ(s.time.value, first);
  }
}
TEST(Machine, PlacesSayWhatTheirInstructionsSpentAndWaitedFor) {
  Machine m(small_machine(2));
  const auto stats = m.run(2, [&](Core& c) {
    Instruction first = compute(100, kNoFlag, 1), second = compute(30, 1, kNoFlag);
    first.place = 1;
    second.place = 3;
    second.pipe = 0;
    first.pipe = 1;
    c.issue(first);
    c.issue(second);
  });
  ASSERT_EQ(stats.places.size(), 2u);
  const PlaceStats &a = stats.places[0], &b = stats.places[1];
  EXPECT_EQ(a.place, 1);
  EXPECT_EQ(b.place, 3);
  EXPECT_EQ(b.instructions, 2);
  EXPECT_EQ(b.cores, 2);
  const double cycle = 1 / m.spec().clock.value;
  EXPECT_NEAR(a.busy.value, 200 * cycle, 1e-11);
  EXPECT_NEAR(b.busy.value, 60 * cycle, 1e-11);
  EXPECT_NEAR(b.wait_flag.value, 200 * cycle, 1e-11);  // the second waits for the first on either core
  EXPECT_EQ(a.wait_flag.value, 0);
}
TEST(Machine, ATimelineHasTheFlagsOfTheCoresItShows) {
  Machine m(small_machine(3));
  const auto program = [&](Core& c) {
    c.timeline_name(c.index() == 2 ? "the last" : "");
    Instruction first = compute(100, kNoFlag, 1), second = compute(30, 1, kNoFlag);
    first.pipe = 1;
    second.pipe = 0;
    c.issue(first);
    c.issue(second);
  };
  const auto stats = m.run(3, program, true);
  ASSERT_EQ(stats.timeline.spans.size(), 2u);
  ASSERT_EQ(stats.flows.size(), 1u);
  const Flow& f = stats.flows[0];
  EXPECT_EQ(f.from_lane, "the last." + m.spec().pipes[1]);
  EXPECT_EQ(f.to_lane, "the last." + m.spec().pipes[0]);
  EXPECT_NEAR(f.from_us, f.to_us, 1e-9);
  EXPECT_TRUE(m.run(3, program).flows.empty());
}
TEST(Machine, AThrowInAProgramReachesTheCaller) {
  Machine m(small_machine(2));
  EXPECT_THROW(m.run(2,
                     [](Core& c) {
                       if (c.index() == 1) throw std::runtime_error("broken kernel");
                       c.issue(compute(1, 3, kNoFlag));
                     }),
               std::runtime_error);
}

}  // namespace
}  // namespace etalon::chip
