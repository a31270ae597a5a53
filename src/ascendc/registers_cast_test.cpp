// SPDX-License-Identifier: Apache-2.0
// Register-based vector code of the 950: casts against double precision; what the hazard checker sees; time;
// refusals.
#include "ascendc/covers_for_test.h"
#include "ascendc/registers_for_test.h"

namespace etalon::ascendc {
namespace {

using namespace AscendC;
using namespace AscendC::MicroAPI;

// Floats to T and back, in every place a narrow element can have.
template <class T, RoundMode mode, SatMode sat, RegLayout layout>
std::vector<float> there_and_back(const std::vector<float>& in) {
  return on_registers<float, float>(in, 64, [] {
    static constexpr CastTrait there = {layout, sat, MaskMergeMode::ZEROING, mode};
    static constexpr CastTrait back = {layout, SatMode::UNKNOWN, MaskMergeMode::ZEROING,
                                       RoundMode::CAST_RINT};
    __VEC_SCOPE__ {
      RegTensor<float> a;
      RegTensor<T> narrow;
      MaskReg all = CreateMask<float>();
      LoadAlign(a, ub_address<float>(0));
      MicroAPI::Cast<T, float, there>(narrow, a, all);
      MicroAPI::Cast<float, T, back>(a, narrow, all);
      StoreAlign(ub_address<float>(kOut), a, all);
    }
  });
}

// `v` as a number of `bits` mantissa bits (0: a whole number) whose smallest exponent is `least`.
double rounded(double v, int bits, int least, RoundMode mode) {
  if (v == 0) return 0;
  int e = 0;
  std::frexp(v, &e);
  const double unit = bits == 0 ? 1 : std::ldexp(1.0, std::max(e - 1, least) - bits), x = v / unit,
               down = std::floor(x);
  const double half = x - down;
  double r = down;
  switch (mode) {
    case RoundMode::CAST_FLOOR:
      break;
    case RoundMode::CAST_CEIL:
      r = std::ceil(x);
      break;
    case RoundMode::CAST_TRUNC:
      r = std::trunc(x);
      break;
    case RoundMode::CAST_ROUND:
      r = std::round(x);
      break;
    default:
      r = half > 0.5 || (half == 0.5 && std::fmod(down, 2) != 0) ? down + 1 : down;
  }
  return r * unit;
}

template <class T, RoundMode mode, RegLayout layout = RegLayout::ZERO>
void expect_cast(int bits, int least, double range) {
  std::vector<float> in = numbers<float>(64, -range, range, 7);
  for (std::size_t i = 0; i < 16; ++i) in[i] = static_cast<float>(static_cast<double>(in[i]) / 3000);
  in[0] = 1.0625f, in[1] = -1.0625f, in[2] = 1.1875f;
  const auto out = there_and_back<T, mode, SatMode::SAT, layout>(in);
  for (std::size_t i = 0; i < 64; ++i) {
    const double want = std::is_integral_v<T> ? rounded(static_cast<double>(in[i]), 0, 0, mode)
                                              : rounded(static_cast<double>(in[i]), bits, least, mode);
    EXPECT_EQ(static_cast<double>(out[i]), want) << i << ": " << in[i];
  }
}

TEST(RegisterCasts, EveryRoundingOfEveryType) {
  COVERS_ON("dav-3510", "ONE", "TWO", "THREE");
  expect_cast<half, RoundMode::CAST_RINT>(10, -14, 1000);
  expect_cast<half, RoundMode::CAST_FLOOR, RegLayout::ONE>(10, -14, 1000);
  expect_cast<half, RoundMode::CAST_CEIL>(10, -14, 1000);
  expect_cast<half, RoundMode::CAST_ROUND>(10, -14, 1000);
  expect_cast<half, RoundMode::CAST_TRUNC, RegLayout::ONE>(10, -14, 1000);
  expect_cast<bfloat16_t, RoundMode::CAST_RINT>(7, -126, 1000);
  expect_cast<bfloat16_t, RoundMode::CAST_FLOOR, RegLayout::ONE>(7, -126, 1000);
  expect_cast<fp8_e4m3fn_t, RoundMode::CAST_RINT>(3, -6, 440);
  expect_cast<fp8_e4m3fn_t, RoundMode::CAST_ROUND, RegLayout::TWO>(3, -6, 440);
  expect_cast<fp8_e5m2_t, RoundMode::CAST_RINT, RegLayout::THREE>(2, -14, 40000);
  expect_cast<std::int16_t, RoundMode::CAST_FLOOR>(0, 0, 30000);
  expect_cast<std::int16_t, RoundMode::CAST_CEIL, RegLayout::ONE>(0, 0, 30000);
}

TEST(RegisterCasts, WholeNumbersOf32Bits) {
  const auto in = numbers<float>(64, -1e6, 1e6);
  EXPECT_EQ((there_and_back<std::int32_t, RoundMode::CAST_TRUNC, SatMode::SAT, RegLayout::ZERO>(in))[5],
            std::trunc(in[5]));
}

TEST(RegisterCasts, HiFloat8HasMorePlacesNearOne) {
  std::vector<float> in(64, 1.0f);
  // 3 mantissa bits from 1/8 to 16, 2 to 256, 1 to 32768.
  for (std::size_t i = 0; i < 64; ++i)
    in[i] =
        static_cast<float>(std::ldexp(1.0 + 0.03 * static_cast<double>(i % 31), static_cast<int>(i % 16)));
  const auto out = there_and_back<hifloat8_t, RoundMode::CAST_ROUND, SatMode::SAT, RegLayout::ZERO>(in);
  for (std::size_t i = 0; i < 64; ++i) {
    const int e = std::ilogb(in[i]), bits = e < 4 ? 3 : e < 8 ? 2 : 1;
    EXPECT_EQ(static_cast<double>(out[i]),
              std::min(32768.0, rounded(static_cast<double>(in[i]), bits, -10, RoundMode::CAST_ROUND)))
        << in[i];
  }
}

TEST(RegisterCasts, OverflowSaturatesIfItIsTold) {
  std::vector<float> in(64, 1e6f);
  in[1] = -1e6f;
  EXPECT_EQ((there_and_back<half, RoundMode::CAST_RINT, SatMode::SAT, RegLayout::ZERO>(in))[0], 65504.0f);
  EXPECT_EQ((there_and_back<half, RoundMode::CAST_RINT, SatMode::NO_SAT, RegLayout::ZERO>(in))[0], INFINITY);
  EXPECT_EQ((there_and_back<fp8_e4m3fn_t, RoundMode::CAST_RINT, SatMode::SAT, RegLayout::ZERO>(in))[1],
            -448.0f);
  EXPECT_EQ((there_and_back<std::int16_t, RoundMode::CAST_RINT, SatMode::SAT, RegLayout::ZERO>(in))[1],
            -32768.0f);
}

TEST(RegisterCasts, PairsOfFourBits) {
  const auto in = numbers<bfloat16_t>(128, -6, 6);
  const auto out = on_registers<bfloat16_t, bfloat16_t>(in, 128, [] {
    static constexpr CastTrait trait = {RegLayout::ZERO, SatMode::UNKNOWN, MaskMergeMode::ZEROING,
                                        RoundMode::CAST_RINT};
    __VEC_SCOPE__ {
      RegTensor<bfloat16_t> a;
      RegTensor<fp4x2_e2m1_t> pairs;
      MaskReg all = CreateMask<bfloat16_t>();
      LoadAlign(a, ub_address<bfloat16_t>(0));
      MicroAPI::Cast<fp4x2_e2m1_t, bfloat16_t, trait>(pairs, a, all);
      MicroAPI::Cast<bfloat16_t, fp4x2_e2m1_t, trait>(a, pairs, all);
      StoreAlign(ub_address<bfloat16_t>(kOut), a, all);
    }
  });
  for (std::size_t i = 0; i < 128; ++i)
    EXPECT_EQ(real(out[i]), rounded(real(in[i]), 1, 0, RoundMode::CAST_RINT)) << real(in[i]);
}

// One register's worth from UB to device memory, told what the checker finds.
std::vector<std::string> found(const std::function<void()>& code) {
  Device device(chip::npu_costs(chip_950()), nullptr, true);
  auto* memory = device.allocate(4096);
  HazardChecker checker("test");
  const auto result = run(
      device, KernelType::aiv, 1,
      [&] {
        GlobalTensor<std::uint8_t> from, to;
        from.SetGlobalBuffer(reinterpret_cast<std::uint8_t*>(memory));
        to.SetGlobalBuffer(reinterpret_cast<std::uint8_t*>(memory + 2048));
        AscendC::DataCopy(LocalTensor<std::uint8_t>(TPosition::VECIN, 0, 0), from, 128);
        code();
        SetFlag<HardEvent::V_MTE3>(0);
        WaitFlag<HardEvent::V_MTE3>(0);
        AscendC::DataCopy(to, LocalTensor<std::uint8_t>(TPosition::VECOUT, kOut, 0), 256);
      },
      &checker);
  std::vector<std::string> codes;
  for (const Finding& f : checker.findings()) {
    if (f.severity != Severity::note) codes.push_back(f.code);
  }
  if (!result) codes.push_back(result.error().code);
  return codes;
}
void vector_function(std::uint32_t count) {
  __VEC_SCOPE__ {
    RegTensor<float> a;
    MaskReg mask = UpdateMask<float>(count), all = CreateMask<float>();
    LoadAlign(a, ub_address<float>(0));
    Adds(a, a, 1.0f, mask);
    StoreAlign(ub_address<float>(kOut), a, all);
  }
}
void wait_for_the_load() {
  SetFlag<HardEvent::MTE2_V>(0);
  WaitFlag<HardEvent::MTE2_V>(0);
}

TEST(RegisterHazards, OnlyWhatIsUsedOfALoadIsRead) {
  // 32 floats are there, 64 are loaded: right as long as the mask leaves out the rest.
  EXPECT_TRUE(found([] { wait_for_the_load(), vector_function(32); }).empty());
  EXPECT_EQ(found([] { wait_for_the_load(), vector_function(40); }),
            std::vector<std::string>{"hazard.undefined"});
  EXPECT_EQ(found([] { vector_function(32); }), std::vector<std::string>{"hazard.raw"});
}

TEST(RegisterHazards, AddressesAndCores) {
  const auto at = [](std::uint32_t byte) {
    return found([byte] {
      wait_for_the_load();
      RegTensor<float> a;
      LoadAlign(a, ub_address<float>(byte));
    });
  };
  EXPECT_EQ(at(12).front(), "ascendc.alignment");
  EXPECT_EQ(at(248 * 1024 - 128).front(), "ascendc.out-of-range");
  EXPECT_EQ(error_code(KernelType::aiv, [] { vector_function(32); }), "ascendc.core");  // a 910B
}

// Ports of a vector function: two instructions, two loads, one store per cycle, 32 elements of exp.
TEST(RegisterTime, TheBusiestPortCounts) {
  const chip::MachineSpec spec = chip::npu_machine_spec(chip_950());
  const auto cycles = [&](int times, const std::function<void(RegTensor<float>&, MaskReg&)>& body) {
    chip::Machine machine(spec);
    Device device(chip::npu_costs(chip_950()), &machine, false);
    LaunchOptions options;
    options.type = KernelType::aiv, options.blocks = 1, options.mode = Mode::timing_only;
    const auto result = launch(device, options, [&] {
      __VEC_SCOPE__ {
        RegTensor<float> a;
        MaskReg all = CreateMask<float>();
        for (int i = 0; i < times; ++i) body(a, all);
      }
    });
    EXPECT_TRUE(result.has_value());
    return static_cast<double>(result->stats.time.value) * chip_950().get<Hertz>("clock.max").value;
  };
  const auto each = [&](const std::function<void(RegTensor<float>&, MaskReg&)>& body) {
    return (cycles(2000, body) - cycles(1000, body)) / 1000;
  };
  EXPECT_NEAR(each([](RegTensor<float>& a, MaskReg& m) { Adds(a, a, 1.0f, m); }), 0.5, 0.01);
  EXPECT_NEAR(each([](RegTensor<float>& a, MaskReg& m) { Exp(a, a, m); }), 2, 0.01);
  EXPECT_NEAR(each([](RegTensor<float>& a, MaskReg& m) { StoreAlign(ub_address<float>(0), a, m); }), 1, 0.01);
  EXPECT_NEAR(each([](RegTensor<float>&, MaskReg&) { LocalMemBar<MemType::VEC_STORE, MemType::VEC_LOAD>(); }),
              25, 0.01);
}

}  // namespace
}  // namespace etalon::ascendc
