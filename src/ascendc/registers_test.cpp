// SPDX-License-Identifier: Apache-2.0
// Register-based vector code of the 950: arithmetic against double precision.
#include "ascendc/covers_for_test.h"
#include "ascendc/registers_for_test.h"

namespace etalon::ascendc {
namespace {

using namespace AscendC;
using namespace AscendC::MicroAPI;

// One register of T at the start of UB and one at kSecond go through `op`; each element against `golden`.
template <class T>
void expect_binary(const char* what,
                   const std::function<void(RegTensor<T>&, RegTensor<T>&, RegTensor<T>&, MaskReg&)>& op,
                   const std::function<double(double, double)>& golden, double low, double high,
                   double tolerance = 0) {
  const std::uint32_t lanes = 256 / sizeof(T), count = lanes - 3;
  std::vector<T> in = numbers<T>(1024 / sizeof(T) + lanes, low, high);
  const auto out = on_registers<T, T>(in, lanes, [&] {
    std::uint32_t left = count;
    __VEC_SCOPE__ {
      RegTensor<T> a, b, c;
      MaskReg mask = UpdateMask<T>(left);
      LoadAlign(a, ub_address<T>(0));
      LoadAlign(b, ub_address<T>(kSecond));
      op(c, a, b, mask);
      StoreAlign(ub_address<T>(kOut), c, mask);
    }
    EXPECT_EQ(left, 0u);
  });
  for (std::uint32_t i = 0; i < count; ++i) {
    const double want = golden(real(in[i]), real(in[i + 1024 / sizeof(T)]));
    const double rounded = std::is_integral_v<T> ? want : real(static_cast<T>(static_cast<float>(want)));
    ASSERT_NEAR(real(out[i]), tolerance == 0 ? rounded : want, tolerance * std::max(1.0, std::fabs(want)))
        << what << ' ' << i;
  }
  for (std::uint32_t i = count; i < lanes; ++i) ASSERT_EQ(real(out[i]), 0) << what;
}

template <class T>
void expect_arithmetic() {
  using R = RegTensor<T>;
  const bool whole = std::is_integral_v<T>;
  const double low = std::is_unsigned_v<T> ? 1 : -9, high = 9;
  expect_binary<T>(
      "Add", [](R& c, R& a, R& b, MaskReg& m) { Add(c, a, b, m); }, [](double a, double b) { return a + b; },
      low, high);
  expect_binary<T>(
      "Mul", [](R& c, R& a, R& b, MaskReg& m) { Mul(c, a, b, m); }, [](double a, double b) { return a * b; },
      low, high);
  expect_binary<T>(
      "Max", [](R& c, R& a, R& b, MaskReg& m) { Max(c, a, b, m); },
      [](double a, double b) { return std::max(a, b); }, low, high);
  expect_binary<T>(
      "Min", [](R& c, R& a, R& b, MaskReg& m) { Min(c, a, b, m); },
      [](double a, double b) { return std::min(a, b); }, low, high);
  if constexpr (!std::is_unsigned_v<T>) {
    expect_binary<T>(
        "Sub", [](R& c, R& a, R& b, MaskReg& m) { Sub(c, a, b, m); },
        [](double a, double b) { return a - b; }, low, high);
    expect_binary<T>(
        "Abs", [](R& c, R& a, R&, MaskReg& m) { Abs(c, a, m); },
        [](double a, double) { return std::fabs(a); }, low, high);
    expect_binary<T>(
        "Neg", [](R& c, R& a, R&, MaskReg& m) { Neg(c, a, m); }, [](double a, double) { return -a; }, low,
        high);
    expect_binary<T>(
        "Relu", [](R& c, R& a, R&, MaskReg& m) { Relu(c, a, m); },
        [](double a, double) { return std::max(a, 0.0); }, low, high);
  }
  expect_binary<T>(
      "Adds", [](R& c, R& a, R&, MaskReg& m) { Adds(c, a, 3, m); }, [](double a, double) { return a + 3; },
      low, high);
  expect_binary<T>(
      "Muls", [](R& c, R& a, R&, MaskReg& m) { Muls(c, a, 2, m); }, [](double a, double) { return a * 2; },
      low, high);
  expect_binary<T>(
      "Maxs", [](R& c, R& a, R&, MaskReg& m) { Maxs(c, a, 4, m); },
      [](double a, double) { return std::max(a, 4.0); }, low, high);
  expect_binary<T>(
      "Mins", [](R& c, R& a, R&, MaskReg& m) { Mins(c, a, 4, m); },
      [](double a, double) { return std::min(a, 4.0); }, low, high);
  expect_binary<T>(
      "MulAddDst", [](R& c, R& a, R& b, MaskReg& m) { Move(c, a), MulAddDst(c, a, b, m); },
      [](double a, double b) { return real(static_cast<T>(static_cast<float>(a * b))) + a; }, low, high);
  expect_binary<T>(
      "MulDstAdd", [](R& c, R& a, R& b, MaskReg& m) { Move(c, a), MulDstAdd(c, b, a, m); },
      [](double a, double b) { return real(static_cast<T>(static_cast<float>(a * b))) + a; }, low, high);
  if (!whole) {
    expect_binary<T>(
        "Div", [](R& c, R& a, R& b, MaskReg& m) { Div(c, a, b, m); },
        [](double a, double b) { return a / b; }, 1, high);
  }
}

TEST(Registers, ArithmeticIsRoundedOnce) {
  COVERS_ON("dav-3510", "RegTensor", "MaskReg", "UpdateMask", "LoadAlign", "StoreAlign",
            "MicroAPI", "__VEC_SCOPE__", "MulDstAdd", "Move");
  expect_arithmetic<float>();
  expect_arithmetic<half>();
  expect_arithmetic<bfloat16_t>();
  expect_arithmetic<std::int32_t>();
  expect_arithmetic<std::int16_t>();
  expect_arithmetic<std::uint16_t>();
}

TEST(Registers, Functions) {
  using R = RegTensor<float>;
  expect_binary<float>(
      "Exp", [](R& c, R& a, R&, MaskReg& m) { Exp(c, a, m); }, [](double a, double) { return std::exp(a); },
      -9, 9);
  expect_binary<float>(
      "Ln", [](R& c, R& a, R&, MaskReg& m) { Ln(c, a, m); }, [](double a, double) { return std::log(a); },
      0.1, 90);
  expect_binary<float>(
      "Log2", [](R& c, R& a, R&, MaskReg& m) { Log2(c, a, m); },
      [](double a, double) { return std::log2(a); }, 0.1, 90);
  expect_binary<float>(
      "Sqrt", [](R& c, R& a, R&, MaskReg& m) { Sqrt(c, a, m); },
      [](double a, double) { return std::sqrt(a); }, 0, 90);
  expect_binary<float>(
      "ExpSub", [](R& c, R& a, R& b, MaskReg& m) { ExpSub(c, a, b, m); },
      [](double a, double b) { return std::exp(static_cast<double>(static_cast<float>(a - b))); }, -4, 4);
  expect_binary<float>(
      "Axpy", [](R& c, R& a, R& b, MaskReg& m) { Move(c, b), Axpy(c, a, 0.5f, m); },
      [](double a, double b) { return a * 0.5 + b; }, -4, 4);
  expect_binary<float>(
      "LeakyRelu", [](R& c, R& a, R&, MaskReg& m) { LeakyRelu(c, a, 0.25f, m); },
      [](double a, double) { return a < 0 ? a / 4 : a; }, -4, 4);
  expect_binary<half>(
      "Exp of half",
      [](RegTensor<half>& c, RegTensor<half>& a, RegTensor<half>&, MaskReg& m) { Exp(c, a, m); },
      [](double a, double) { return std::exp(a); }, -5, 5, 1e-3);
  static constexpr DivSpecificMode exact = {MaskMergeMode::ZEROING, true, DivAlgo::PRECISION_0ULP_FTZ_FALSE};
  COVERS_ON("dav-3510", "DivSpecificMode", "DivAlgo", "PRECISION_0ULP_FTZ_FALSE", "MaskMergeMode", "ZEROING");
  expect_binary<float>(
      "exact Div", [](R& c, R& a, R& b, MaskReg& m) { Div<float, &exact>(c, a, b, m); },
      [](double a, double b) { return a / b; }, 1, 9);
}

TEST(Registers, BitsAndShifts) {
  COVERS_ON("dav-3510", "ShiftLefts", "ShiftRights");
  using R = RegTensor<std::int32_t>;
  const auto bits = [](double v) { return static_cast<std::uint32_t>(static_cast<std::int64_t>(v)); };
  const auto number = [](std::uint32_t u) { return static_cast<double>(static_cast<std::int32_t>(u)); };
  expect_binary<std::int32_t>(
      "And", [](R& c, R& a, R& b, MaskReg& m) { And(c, a, b, m); },
      [&](double a, double b) { return number(bits(a) & bits(b)); }, -1e9, 1e9);
  expect_binary<std::int32_t>(
      "Or", [](R& c, R& a, R& b, MaskReg& m) { Or(c, a, b, m); },
      [&](double a, double b) { return number(bits(a) | bits(b)); }, -1e9, 1e9);
  expect_binary<std::int32_t>(
      "Xor", [](R& c, R& a, R& b, MaskReg& m) { Xor(c, a, b, m); },
      [&](double a, double b) { return number(bits(a) ^ bits(b)); }, -1e9, 1e9);
  expect_binary<std::int32_t>(
      "Not", [](R& c, R& a, R&, MaskReg& m) { Not(c, a, m); },
      [&](double a, double) { return number(~bits(a)); }, -1e9, 1e9);
  expect_binary<std::int32_t>(
      "ShiftLefts", [](R& c, R& a, R&, MaskReg& m) { ShiftLefts(c, a, std::int16_t{5}, m); },
      [&](double a, double) { return number(bits(a) << 5); }, -1e9, 1e9);
  expect_binary<std::int32_t>(
      "ShiftRights", [](R& c, R& a, R&, MaskReg& m) { ShiftRights(c, a, std::int16_t{5}, m); },
      [&](double a, double) { return std::floor(a / 32); }, -1e9, 1e9);
  // Integers wrap.
  expect_binary<std::int32_t>(
      "Mul", [](R& c, R& a, R& b, MaskReg& m) { Mul(c, a, b, m); },
      [&](double a, double b) { return number(bits(a) * bits(b)); }, -1e9, 1e9);
}

TEST(Registers, MergingKeepsWhatTheMaskLeavesOut) {
  COVERS_ON("dav-3510", "MERGING", "CreateMask", "MaskPattern", "VL8", "VL16", "ALLF");
  const auto out = on_registers<float, float>(numbers<float>(64, -1, 1), 64, [] {
    __VEC_SCOPE__ {
      RegTensor<float> a;
      MaskReg all = CreateMask<float, MaskPattern::ALL>(), eight = CreateMask<float, MaskPattern::VL8>(),
              none = CreateMask<float, MaskPattern::ALLF>();
      MicroAPI::Duplicate(a, 1.0f, all);
      Adds<float, MaskMergeMode::MERGING>(a, a, 4.0f, eight);
      Adds<float, MaskMergeMode::MERGING>(a, a, 100.0f, none);
      StoreAlign<float, StoreDist::DIST_NORM_B32>(ub_address<float>(kOut), a, all);
      // The store leaves out too.
      MaskReg sixteen = CreateMask<float, MaskPattern::VL16>();
      MicroAPI::Duplicate(a, 7.0f);
      MaskReg rest;
      MaskXor(rest, sixteen, eight, all);
      StoreAlign(ub_address<float>(kOut), a, rest);
    }
  });
  for (std::size_t i = 0; i < 64; ++i) EXPECT_EQ(out[i], i < 8 ? 5.0f : i < 16 ? 7.0f : 1.0f) << i;
}

}  // namespace
}  // namespace etalon::ascendc
