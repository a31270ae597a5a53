// SPDX-License-Identifier: Apache-2.0
// A library call costs what the instructions cost that it is made of.
#include "ascendc/families_for_test.h"

namespace etalon::ascendc {
namespace {

using namespace AscendC;

// Time of device code on one vector core without data.
double seconds(const std::function<void(const LocalTensor<float>&, const LocalTensor<float>&)>& code) {
  chip::Machine machine(chip::npu_machine_spec(test_chip()));
  Device device(test_costs(), &machine, false);
  LaunchOptions options;
  options.mode = Mode::timing_only;
  const auto launched = launch(device, options, [&] {
    TPipe pipe;
    TBuf<> x, y;
    pipe.InitBuffer(x, 32768);
    pipe.InitBuffer(y, 32768);
    code(y.Get<float>(), x.Get<float>());
  });
  EXPECT_TRUE(launched.has_value()) << launched.error().text();
  return launched->stats.time.value;
}

TEST(LibraryCost, IsThatOfTheInstructions) {
  constexpr int n = 8192;
  const double library = seconds([](const auto& y, const auto& x) { Silu(y, x, n); });
  // Silu: x / (1 + exp(-x)), each instruction after the one before, in the memory that the library takes.
  const double by_hand = seconds([](const auto& y, const auto& x) {
    const LocalTensor<float> t(TPosition::VECCALC, 65536, n);
    Muls(t, x, -1.0f, n);
    PipeBarrier<PIPE_V>();
    Exp(t, t, n);
    PipeBarrier<PIPE_V>();
    Adds(t, t, 1.0f, n);
    PipeBarrier<PIPE_V>();
    Div(y, x, t, n);
    PipeBarrier<PIPE_V>();
  });
  EXPECT_DOUBLE_EQ(library, by_hand);
  EXPECT_GT(library, 0);
}

TEST(LibraryCost, GrowsWithTheWork) {
  const auto softmax = [](std::uint32_t rows, std::uint32_t cols) {
    return seconds([=](const auto& y, const auto& x) {
      SoftMax<float>(y, x, SoftMaxTiling(), SoftMaxShapeInfo{rows, cols, rows, cols});
    });
  };
  const double one = softmax(16, 64), rows = softmax(128, 64), cols = softmax(16, 512);
  EXPECT_GT(rows, 1.5 * one);
  EXPECT_LT(rows, 8 * one);  // starts of instructions are shared
  EXPECT_GT(cols, 1.5 * one);
  EXPECT_LT(cols, 10 * one);
}

}  // namespace
}  // namespace etalon::ascendc
