// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "ascendc/test_core.h"

namespace etalon::ascendc {
namespace {

using namespace AscendC;

// z = x + y through queues, in tiles of 512.
void add_kernel(half* x, half* y, half* z, std::int64_t n) {
  TPipe pipe;
  TQue<TPosition::VECIN, 2> in_x, in_y;
  TQue<TPosition::VECOUT, 2> out;
  pipe.InitBuffer(in_x, 2, 1024);
  pipe.InitBuffer(in_y, 2, 1024);
  pipe.InitBuffer(out, 2, 1024);
  GlobalTensor<half> gx, gy, gz;
  gx.SetGlobalBuffer(x);
  gy.SetGlobalBuffer(y);
  gz.SetGlobalBuffer(z);
  for (std::int64_t i = GetBlockIdx(); i < n / 512; i += GetBlockNum()) {
    const auto at = static_cast<std::uint64_t>(i * 512);
    LocalTensor<half> a = in_x.AllocTensor<half>(), b = in_y.AllocTensor<half>();
    DataCopy(a, gx[at], 512);
    DataCopy(b, gy[at], 512);
    in_x.EnQue(a);
    in_y.EnQue(b);
    a = in_x.DeQue<half>();
    b = in_y.DeQue<half>();
    LocalTensor<half> c = out.AllocTensor<half>();
    Add(c, a, b, 512);
    out.EnQue(c);
    in_x.FreeTensor(a);
    in_y.FreeTensor(b);
    c = out.DeQue<half>();
    DataCopy(gz[at], c, 512);
    out.FreeTensor(c);
  }
}

// Blocks that add into the same floats, and others that overwrite each other's results: the outcome follows
// the order of the runtime, not of its threads.
TEST(Launch, TheSameBytesComeOutOfAnyNumberOfThreads) {
  constexpr int kBlocks = 24, kTiles = 200, kTile = 1024;
  for (const bool adds : {true, false}) {
    std::vector<float> first;
    for (const int threads : {1, 2, 4}) {
      Device device(test_costs(), nullptr, true);
      float* x = device.allocate_of<float>(kBlocks * kTile);
      float* y = device.allocate_of<float>(kTile);
      float* from = x;
      for (int i = 0; i < kBlocks * kTile; ++i) x[i] = 1.0f / static_cast<float>(3 * i + 1);
      LaunchOptions options;
      options.blocks = kBlocks;
      options.threads = threads;
      float last = 0;
      const auto run = launch(device, options, [&] {
        TPipe pipe;
        TBuf<TPosition::VECCALC> buffer;
        pipe.InitBuffer(buffer, kTile * 4);
        LocalTensor<float> t = buffer.Get<float>();
        GlobalTensor<float> gx, gy;
        gx.SetGlobalBuffer(from + GetBlockIdx() * kTile);
        gy.SetGlobalBuffer(y);
        if (adds) SetAtomicAdd<float>();
        DataCopy(t, gx, kTile);
        for (int i = 0; i < kTiles; ++i) {
          Muls(t, t, 1.001f, kTile);
          DataCopy(gy, t, kTile);
          if (i == kTiles / 2) last = gy.GetValue(7);
        }
        SetAtomicNone();
      });
      ASSERT_TRUE(run.has_value()) << run.error().text();
      std::vector<float> got(y, y + kTile);
      got.push_back(last);
      if (threads == 1)
        first = got;
      else
        EXPECT_EQ(got, first) << threads << (adds ? " adding" : " storing");
    }
  }
}

TEST(Launch, GivesNumbersTimeAndBothFromOneSource) {
  chip::Machine machine(chip::npu_machine_spec(test_chip()));
  const std::int64_t n = 512 * 100;
  Seconds timed{0};
  for (Mode mode : {Mode::functional, Mode::timing_only, Mode::both}) {
    machine.flush_l2();
    Device device(test_costs(), &machine, mode != Mode::timing_only);
    half* x = device.allocate_of<half>(n);
    half* y = device.allocate_of<half>(n);
    half* z = device.allocate_of<half>(n);
    if (device.with_data()) {
      for (std::int64_t i = 0; i < n; ++i) x[i] = static_cast<float>(i % 100), y[i] = 0.5f;
    }
    LaunchOptions options;
    options.blocks = 8;
    options.mode = mode;
    const auto result = launch(device, options, [&] { add_kernel(x, y, z, n); });
    ASSERT_TRUE(result.has_value()) << result.error().text();
    EXPECT_GT(result->calls, 1000);
    if (mode != Mode::timing_only) {
      EXPECT_EQ(z[n - 1], static_cast<float>((n - 1) % 100) + 0.5f);
    }
    if (mode == Mode::functional) {
      EXPECT_EQ(result->stats.time.value, 0);
    } else {
      EXPECT_GT(result->stats.time.value, 1e-6);
    }
    if (mode == Mode::timing_only) timed = result->stats.time;
    if (mode == Mode::both) {
      EXPECT_EQ(result->stats.time.value, timed.value);
    }
    device.free_all();
  }
}

TEST(Launch, TimesSizesThatNoMemoryHolds) {
  chip::Machine machine(chip::npu_machine_spec(test_chip()));
  Device device(test_costs(), &machine, false);
  const std::int64_t n = std::int64_t{1} << 36;  // 128 GiB per tensor, of which a little is touched
  half* x = device.allocate_of<half>(n);
  LaunchOptions options;
  options.mode = Mode::timing_only;
  const auto result = launch(device, options, [&] { add_kernel(x + n - 5120, x, x + n / 2, 5120); });
  EXPECT_TRUE(result.has_value()) << result.error().text();
}

TEST(Launch, ASecondWarmRunIsNotSlower) {
  chip::Machine machine(chip::npu_machine_spec(test_chip()));
  Device device(test_costs(), &machine, false);
  const std::int64_t n = 512 * 200;
  half* x = device.allocate_of<half>(n);
  half* z = device.allocate_of<half>(n);
  LaunchOptions options;
  options.blocks = 40;
  options.mode = Mode::timing_only;
  const auto kernel = [&] { add_kernel(x, x, z, n); };
  const auto cold = launch(device, options, kernel), warm = launch(device, options, kernel);
  EXPECT_LE(warm->stats.time.value, cold->stats.time.value);
}

TEST(Launch, RunsMoreBlocksThanCoresInTurn) {
  TestDevice device;
  auto* seen = device.allocate_of<std::int32_t>(1000);
  const auto result = run(device, KernelType::aiv, 100, [&] {
    GlobalTensor<std::int32_t> g;
    g.SetGlobalBuffer(seen);
    g.SetValue(static_cast<std::uint64_t>(GetBlockIdx()), static_cast<std::int32_t>(GetBlockNum()));
  });
  ASSERT_TRUE(result.has_value());
  for (int i = 0; i < 100; ++i) EXPECT_EQ(seen[i], 100);
  EXPECT_EQ(seen[100], 0);
}

TEST(Launch, CrossCoreFlagsOrderCubeAndVectorCores) {
  TestDevice device;
  auto* trace = device.allocate_of<std::int32_t>(64, 0, Content::control);
  const auto result = run(device, KernelType::mix_1_2, 2, [&] {
    GlobalTensor<std::int32_t> g;
    const std::int64_t block = ASCEND_IS_AIC ? GetBlockIdx() : GetBlockIdx() / GetTaskRation();
    g.SetGlobalBuffer(trace + block * 8);
    if ASCEND_IS_AIC {
      g.SetValue(0, 7);
      CrossCoreSetFlag<2, PIPE_FIX>(3);
      CrossCoreWaitFlag(4);
      g.SetValue(3, g.GetValue(1) + g.GetValue(2));
    } else {
      CrossCoreWaitFlag(3);
      g.SetValue(static_cast<std::uint64_t>(1 + GetSubBlockIdx()),
                 g.GetValue(0) * static_cast<std::int32_t>(10 + GetSubBlockIdx()));
      CrossCoreSetFlag<2, PIPE_MTE3>(4);
    }
  });
  ASSERT_TRUE(result.has_value()) << result.error().text();
  EXPECT_EQ(trace[3], 7 * 21);
  EXPECT_EQ(trace[8 + 3], 7 * 21);
}

TEST(Launch, SyncAllAndModeZeroFlagsAreBarriersOfAllCores) {
  for (int form = 0; form < 2; ++form) {
    TestDevice device;
    auto* x = device.allocate_of<std::int32_t>(64, 0, Content::control);
    const auto result = run(device, KernelType::aiv, 20, [&] {
      GlobalTensor<std::int32_t> g;
      g.SetGlobalBuffer(x);
      const auto me = static_cast<std::uint64_t>(GetBlockIdx());
      g.SetValue(me, static_cast<std::int32_t>(me) + 1);
      if (form == 0) {
        SyncAll();
      } else {
        CrossCoreSetFlag<0, PIPE_MTE3>(5);
        CrossCoreWaitFlag(5);
      }
      std::int32_t sum = 0;
      for (std::uint64_t i = 0; i < 20; ++i) sum += g.GetValue(i);
      g.SetValue(32 + me, sum);
    });
    ASSERT_TRUE(result.has_value()) << result.error().text();
    for (int i = 0; i < 20; ++i) EXPECT_EQ(x[32 + i], 210);
  }
}

TEST(Launch, AtomicAddSumsOverCores) {
  TestDevice device;
  float* z = device.allocate_of<float>(64);
  const auto result = run(device, KernelType::aiv, 48, [&] {
    GlobalTensor<float> g;
    g.SetGlobalBuffer(z);
    Duplicate(ub<float>(0), 1.5f, 64);
    SetAtomicAdd<float>();
    DataCopy(g, ub<float>(0), 64);
    SetAtomicNone();
  });
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(z[63], 72);
}

TEST(Launch, PaddedCopiesFillTheLastBlock) {
  TestDevice device;
  float* x = device.allocate_of<float>(64);
  for (int i = 0; i < 64; ++i) x[i] = static_cast<float>(i);
  std::vector<float> got;
  const auto result = run(device, KernelType::aiv, 1, [&] {
    GlobalTensor<float> g;
    g.SetGlobalBuffer(x);
    DataCopyPad(ub<float>(0), g, DataCopyExtParams(3, 20, 12, 1, 0),
                DataCopyPadExtParams<float>(true, 1, 2, -1.0f));
    for (std::uint32_t i = 0; i < 48; ++i) got.push_back(ub<float>(0).GetValue(i));
  });
  ASSERT_TRUE(result.has_value()) << result.error().text();
  // Rows of 5 elements, 8 apart, one pad left and two right, a block of 8 free between rows.
  EXPECT_EQ((std::vector<float>(got.begin(), got.begin() + 8)),
            (std::vector<float>{-1, 0, 1, 2, 3, 4, -1, -1}));
  EXPECT_EQ(got[16 + 1], 8);
  EXPECT_EQ(got[32 + 5], 20);
}

TEST(Launch, EveryMistakeOfAKernelIsOneClearError) {
  const auto aiv = [](const std::function<void()>& f) { return error_code(KernelType::aiv, f); };
  EXPECT_EQ(aiv([] { Adds(ub<float>(4), ub<float>(0), 1.0f, 8); }), "ascendc.alignment");
  EXPECT_EQ(aiv([] { Adds(ub<float>(0), ub<float>(0), 1.0f, 60000); }), "ascendc.out-of-range");
  EXPECT_EQ(aiv([] { WholeReduceSum(ub<float>(0), ub<float>(196000), 64, 100, 1, 1, 8); }),
            "ascendc.out-of-range");
  EXPECT_EQ(aiv([] {
              Duplicate(ub<std::uint32_t>(0), 196604u + 32u, 8);
              Gather(ub<float>(64), ub<float>(0), ub<std::uint32_t>(0), 0u, 8u);
            }),
            "ascendc.out-of-range");
  EXPECT_EQ(aiv([] { Exp(ub<std::int32_t>(0), ub<std::int32_t>(0), 8); }), "ascendc.type");
  EXPECT_EQ(aiv([] {
              Mmad(LocalTensor<float>(TPosition::CO1, 0, 0), LocalTensor<half>(TPosition::A2, 0, 0),
                   LocalTensor<half>(TPosition::B2, 0, 0), MmadParams{16, 16, 16});
            }),
            "ascendc.core");
  EXPECT_EQ(aiv([] { SetFlag<HardEvent::MTE2_V>(8); }), "ascendc.flag");
  EXPECT_EQ(aiv([] {
              GlobalTensor<half> g;
              g.SetGlobalBuffer(nullptr);
              DataCopy(ub<half>(0), g, 16);
            }),
            "ascendc.out-of-range");
  EXPECT_EQ(aiv([] {
              TPipe pipe;
              TBuf<TPosition::VECCALC> b;
              pipe.InitBuffer(b, 1 << 20);
            }),
            "ascendc.memory");
  EXPECT_EQ(aiv([] {
              TPipe pipe;
              TQue<TPosition::VECIN, 1> q;
              pipe.InitBuffer(q, 1, 32);
              q.DeQue<half>();
            }),
            "ascendc.queue");
  EXPECT_EQ(aiv([] {
              TPipe pipe;
              for (int i = 0; i < 9; ++i) pipe.AllocEventID<HardEvent::MTE2_V>();
            }),
            "ascendc.events");
  EXPECT_EQ(error_code(KernelType::aic,
                       [] {
                         MmadParams p;
                         p.m = p.n = 16;
                         p.k = 4096;
                         Mmad(LocalTensor<float>(TPosition::CO1, 0, 0),
                              LocalTensor<half>(TPosition::A2, 0, 0), LocalTensor<half>(TPosition::B2, 0, 0),
                              p);
                       }),
            "ascendc.range");
  EXPECT_EQ(error_code(KernelType::aiv, [] { AscendC::printf("%d %d", 1); }), "ascendc.printf");
  EXPECT_EQ(error_code(KernelType::aiv, [] { AscendC::printf("%s", 12345); }), "ascendc.printf");
  EXPECT_EQ(error_code(KernelType::aiv,
                       [] { Add(LocalTensor<float>(), LocalTensor<float>(), LocalTensor<float>(), 8); }),
            "ascendc.out-of-range");
  EXPECT_EQ(error_code(KernelType::mix_1_2,
                       [] {
                         if ASCEND_IS_AIV
                           CrossCoreWaitFlag(1);
                       }),
            "ascendc.deadlock");
  EXPECT_EQ(error_code(KernelType::aiv, [] {}, 0), "launch.blocks");
}

TEST(Launch, ReadingAbsentDataIsAnErrorUnlessTheBufferIsControl) {
  chip::Machine machine(chip::npu_machine_spec(test_chip()));
  Device device(test_costs(), &machine, false);
  auto* data = device.allocate_of<std::int32_t>(16);
  auto* control = device.allocate_of<std::int32_t>(16, 0, Content::control);
  control[3] = 42;
  LaunchOptions options;
  options.mode = Mode::timing_only;
  const auto read = [&](std::int32_t* p) {
    return launch(device, options, [&] {
      GlobalTensor<std::int32_t> g;
      g.SetGlobalBuffer(p);
      if (g.GetValue(3) != 42) etalon_asc_fail("test", "wrong value");
    });
  };
  EXPECT_TRUE(read(control).has_value());
  EXPECT_EQ(read(data).error().code, "ascendc.absent-data");
  options.mode = Mode::functional;
  EXPECT_EQ(read(data).error().code, "launch.mode");
}

TEST(Launch, ObserversSeeTheInstructionStreamWithItsMemory) {
  struct Recorder : Observer {
    std::vector<std::string> names;
    int writes = 0;
    void on_instruction(const InstructionEvent& e) override {
      if (e.kind == InstructionEvent::Kind::instruction) names.emplace_back(e.name);
      for (int i = 0; i < e.range_count; ++i) writes += e.ranges[i].write ? 1 : 0;
    }
  } recorder;
  TestDevice device;
  half* x = device.allocate_of<half>(512);
  LaunchOptions options;
  options.observer = &recorder;
  ASSERT_TRUE(launch(device, options, [&] { add_kernel(x, x, x, 512); }).has_value());
  EXPECT_EQ(recorder.names, (std::vector<std::string>{"DataCopy", "DataCopy", "Add", "DataCopy"}));
  EXPECT_EQ(recorder.writes, 3);
}

TEST(Launch, PipesOverlapOnlyAsFarAsFlagsAllow) {
  chip::Machine machine(chip::npu_machine_spec(test_chip()));
  Device device(test_costs(), &machine, false);
  half* x = device.allocate_of<half>(1 << 20);
  LaunchOptions options;
  options.mode = Mode::timing_only;
  const auto time = [&](int buffers) {
    machine.flush_l2();
    return launch(device, options,
                  [&] {
                    TPipe pipe;
                    TQue<TPosition::VECIN, 2> in;
                    pipe.InitBuffer(in, static_cast<std::uint8_t>(buffers), 16384);
                    GlobalTensor<half> g;
                    g.SetGlobalBuffer(x);
                    for (std::uint64_t i = 0; i < 64; ++i) {
                      auto a = in.AllocTensor<half>();
                      DataCopy(a, g[i * 8192], 8192);
                      in.EnQue(a);
                      a = in.DeQue<half>();
                      for (int k = 0; k < 6; ++k) Exp(a, a, 8192);
                      in.FreeTensor(a);
                    }
                  })
        ->stats.time.value;
  };
  EXPECT_LT(time(2), 0.9 * time(1));
}

}  // namespace
}  // namespace etalon::ascendc
