// SPDX-License-Identifier: Apache-2.0
// Cores that wait for one another by flags in device memory: what they hand on is there, in the right order,
// and the hazard checker sees that it is.
#include "ascendc/covers_for_test.h"
#include "ascendc/test_core.h"

namespace etalon::ascendc {
namespace {

using namespace AscendC;

// Runs device code on `blocks` vector cores over `words` zeroed words of device memory, timed or not; expects
// no finding.
std::vector<std::int32_t> on_vector_cores(int blocks, std::size_t words,
                                          const std::function<void(GlobalTensor<std::int32_t>&)>& code) {
  std::vector<std::int32_t> untimed;
  for (const bool timed : {false, true}) {
    chip::Machine machine(chip::npu_machine_spec(test_chip()));
    Device device(test_costs(), timed ? &machine : nullptr, true);
    auto* memory = device.allocate_of<std::int32_t>(static_cast<std::int64_t>(words), 0, Content::control);
    std::fill_n(memory, words, 0);
    HazardChecker checker("between cores");
    LaunchOptions options;
    options.observer = &checker;
    options.type = KernelType::aiv;
    options.blocks = blocks;
    options.mode = timed ? Mode::both : Mode::functional;
    const auto result = launch(device, options, [&] {
      GlobalTensor<std::int32_t> g;
      g.SetGlobalBuffer(memory, words);
      code(g);
    });
    EXPECT_TRUE(result.has_value()) << result.error().text();
    for (const Finding& f : checker.findings())
      EXPECT_EQ(f.severity, Severity::note) << f.code << ' ' << f.text;
    const std::vector<std::int32_t> out(memory, memory + words);
    if (timed) {
      EXPECT_EQ(out, untimed);
    }
    untimed = out;
  }
  return untimed;
}
// One block of eight words to and from device memory by the transfer pipes.
void add_to(const GlobalTensor<std::int32_t>& to, const GlobalTensor<std::int32_t>& from,
            std::int32_t value) {
  DataCopy(ub<std::int32_t>(0), from, 8);
  PipeBarrier<PIPE_ALL>();
  Adds(ub<std::int32_t>(0), ub<std::int32_t>(0), value, 8);
  PipeBarrier<PIPE_ALL>();
  DataCopy(to, ub<std::int32_t>(0), 8);
  PipeBarrier<PIPE_ALL>();
}

// A sum that goes from core to core, twice around.
TEST(BetweenCores, NeighboursWaitForEachOther) {
  COVERS("IBSet", "IBWait");
  constexpr int kCores = 5;
  const auto z = on_vector_cores(kCores, 512, [](auto& g) {
    const auto me = static_cast<std::int32_t>(GetBlockIdx());
    GlobalTensor<std::int32_t> flags = g[256];
    for (int round = 0; round < 2; ++round) {
      if (me > 0 || round > 0)
        IBWait(flags, ub<std::int32_t>(64), (me + kCores - 1) % kCores, round - (me == 0 ? 1 : 0));
      const int before = round * kCores + me;  // cells in the order they are written
      add_to(g[8 * static_cast<unsigned>(before + 1)], g[8 * static_cast<unsigned>(before)], me + 1);
      if (me < kCores - 1 || round == 0) IBSet(flags, ub<std::int32_t>(64), me, round);
    }
  });
  for (int cell = 0, sum = 0; cell < 2 * kCores; ++cell) {
    sum += cell % kCores + 1;
    for (std::size_t i = 0; i < 8; ++i) EXPECT_EQ(z[static_cast<std::size_t>(cell + 1) * 8 + i], sum) << cell;
  }
  EXPECT_EQ(error_code(
                KernelType::aiv, [] { IBWait(GlobalTensor<std::int32_t>(), ub<std::int32_t>(0), 1, 0); }, 2),
            "ascendc.deadlock");
}

// Without the wait the checker sees the race.
TEST(BetweenCores, WithoutTheWaitThereIsARace) {
  TestDevice device;
  auto* memory = device.allocate_of<std::int32_t>(64, 0, Content::control);
  HazardChecker checker("race");
  LaunchOptions options;
  options.observer = &checker;
  options.type = KernelType::aiv;
  options.blocks = 2;
  const auto result = launch(device, options, [&] {
    GlobalTensor<std::int32_t> g;
    g.SetGlobalBuffer(memory, 64);
    if (GetBlockIdx() == 0) {
      add_to(g[8], g, 1);
      IBSet(g[32], ub<std::int32_t>(64), 0, 0);
    } else {
      add_to(g[16], g[8], 1);
    }
  });
  EXPECT_TRUE(result.has_value());
  bool race = false;
  for (const Finding& f : checker.findings()) race = race || f.code == "hazard.race";
  EXPECT_TRUE(race);
}

TEST(BetweenCores, BlocksTakeTurns) {
  COVERS("InitDetermineComputeWorkspace", "WaitPreBlock", "NotifyNextBlock");
  constexpr int kCores = 4, kRounds = 3;
  const auto z = on_vector_cores(kCores, 256, [](auto& g) {
    GlobalTensor<std::int32_t> flags = g[128];
    LocalTensor<std::int32_t> room = ub<std::int32_t>(64);
    InitDetermineComputeWorkspace(flags, room);
    for (int round = 0; round < kRounds; ++round) {
      WaitPreBlock(flags, room);
      // x = 3 x + number of the block: the order shows.
      DataCopy(ub<std::int32_t>(0), g, 8);
      PipeBarrier<PIPE_ALL>();
      Muls(ub<std::int32_t>(0), ub<std::int32_t>(0), 3, 8);
      PipeBarrier<PIPE_V>();
      Adds(ub<std::int32_t>(0), ub<std::int32_t>(0), static_cast<std::int32_t>(GetBlockIdx()), 8);
      PipeBarrier<PIPE_ALL>();
      DataCopy(g, ub<std::int32_t>(0), 8);
      PipeBarrier<PIPE_ALL>();
      NotifyNextBlock(flags, room);
    }
  });
  std::int32_t x = 0;
  for (int i = 0; i < kCores * kRounds; ++i) x = 3 * x + i % kCores;
  for (std::size_t i = 0; i < 8; ++i) EXPECT_EQ(z[i], x);
}

TEST(BetweenCores, SomeArriveAndOthersWait) {
  COVERS("GroupBarrier", "Arrive");
  constexpr std::uint32_t kArrive = 3, kWait = 2;
  const auto z = on_vector_cores(kArrive + kWait, 512, [](auto& g) {
    GroupBarrier<PipeMode::MTE3_MODE> barrier(reinterpret_cast<std::uint8_t*>(g.GetPhyAddr(256)), kArrive,
                                              kWait);
    const auto me = static_cast<std::uint32_t>(GetBlockIdx());
    if (me < kArrive) {
      add_to(g[8 * (me + 1)], g, static_cast<std::int32_t>(me) + 10);
      barrier.Arrive(me);
    } else {
      barrier.Wait(me - kArrive);
      for (std::uint32_t a = 0; a < kArrive; ++a)
        add_to(g[8 * (8 + (me - kArrive) * kArrive + a)], g[8 * (a + 1)], 100);
    }
  });
  for (std::uint32_t w = 0; w < kWait; ++w) {
    for (std::uint32_t a = 0; a < kArrive; ++a)
      EXPECT_EQ(z[8 * (8 + w * kArrive + a)], static_cast<std::int32_t>(a) + 110) << w << ' ' << a;
  }
  EXPECT_EQ(error_code(KernelType::aiv, [] { GroupBarrier<>(nullptr, 1, 1).Arrive(1); }), "ascendc.range");
  EXPECT_EQ(error_code(KernelType::aiv, [] { GroupBarrier<>(nullptr, 1, 1).Wait(1); }), "ascendc.range");
}

// A kernel alone: nothing to wait for, its numbers are its own.
TEST(BetweenCores, KernelsJoinedIntoOneStandAlone) {
  COVERS("SetNextTaskStart", "WaitPreTaskEnd");
  const auto z = on_vector_cores(2, 64, [](auto& g) {
    WaitPreTaskEnd();
    add_to(g[8 * (1 + static_cast<unsigned>(GetBlockIdx()))], g, 7);
    SetNextTaskStart();
  });
  EXPECT_EQ(z[8], 7);
  EXPECT_EQ(z[16], 7);
}

}  // namespace
}  // namespace etalon::ascendc
