// SPDX-License-Identifier: Apache-2.0
// Every element-wise instruction in each of its forms against double precision, and the elements it must not
// touch.
#include <cmath>

#include "ascendc/covers_for_test.h"
#include "ascendc/test_core.h"
#include "base/rng.h"

namespace etalon::ascendc {
namespace {

using namespace AscendC;

constexpr int kElements = 1024;  // of each operand: a, b and d one after another in UB

// Where one result element lies, and its sources.
struct Place {
  std::size_t d, a, b;
};
enum class Form { count, contiguous_mask, bit_mask, counter };
constexpr Form kForms[] = {Form::count, Form::contiguous_mask, Form::bit_mask, Form::counter};
constexpr std::uint64_t kBits[2] = {0x00ff00f0f0a5a5a5, 0x123456789abcdef0};

template <class T>
std::vector<Place> places(Form form) {
  constexpr std::size_t per = 256 / sizeof(T);
  std::vector<Place> out;
  if (form == Form::count || form == Form::counter) {
    for (std::size_t i = 0; i < 333; ++i) out.push_back({i, i, i});
  } else {
    for (std::size_t r = 0; r < 3; ++r) {
      for (std::size_t e = 0; e < per; ++e) {
        const bool on = form == Form::contiguous_mask ? e < 41 : (kBits[e / 64] >> (e % 64) & 1) != 0;
        // The second form: repeats of dst two apart, of a one apart, b the same every time.
        if (on && form == Form::contiguous_mask) out.push_back({r * per + e, r * per + e, r * per + e});
        if (on && form == Form::bit_mask) out.push_back({r * 2 * per + e, r * per + e, e});
      }
    }
  }
  return out;
}

template <class T>
std::vector<T> operands(double low, double high) {
  Rng rng(7, "operands");
  std::vector<T> x;
  for (int i = 0; i < 3 * kElements; ++i)
    x.push_back(static_cast<T>(static_cast<float>(low + (high - low) * rng.uniform())));
  return x;
}

template <class T>
void expect_near(double got, double want, const char* name, Form form, std::size_t i) {
  const double unit = std::is_same_v<T, half> ? 0x1p-10 : std::is_same_v<T, float> ? 0x1p-22 : 0;
  const double allowed = unit * std::max(std::fabs(want), std::is_same_v<T, half> ? 0x1p-14 : 0x1p-100);
  EXPECT_NEAR(got, want, allowed) << name << " form " << static_cast<int>(form) << " element " << i;
}

// `call(d, a, b, rest...)` in each form; `want(a, b, d)` in double precision.
template <class T, class Call, class Unmasked, class Want>
void check(const char* name, double low, double high, Call call, Unmasked unmasked, Want want) {
  const std::vector<T> in = operands<T>(low, high);
  constexpr std::uint32_t kBytes = kElements * sizeof(T);
  for (const Form form : kForms) {
    const auto got = on_vector_core<T, T>(in, 2 * kBytes, kElements, [&] {
      const auto a = ub<T>(0), b = ub<T>(kBytes), d = ub<T>(2 * kBytes);
      if (form == Form::count) {
        call(d, a, b, 333, 0, 0);
      } else if (form == Form::contiguous_mask) {
        call(d, a, b, std::uint64_t{41}, std::uint8_t{3}, BinaryRepeatParams(1, 1, 1, 8, 8, 8));
      } else if (form == Form::bit_mask) {
        call(d, a, b, static_cast<const std::uint64_t*>(kBits), std::uint8_t{3},
             BinaryRepeatParams(1, 1, 1, 16, 8, 0));
      } else {
        SetMaskCount();
        SetVectorMask<T, MaskMode::COUNTER>(0, 333);
        unmasked(T(), d, a, b, MASK_PLACEHOLDER, std::uint8_t{1}, BinaryRepeatParams(1, 1, 1, 8, 8, 8));
        SetMaskNorm();
        ResetMask();
      }
    });
    std::vector<bool> touched(kElements);
    const auto at = [&](std::size_t i) { return static_cast<double>(static_cast<float>(in[i])); };
    for (const Place& p : places<T>(form)) {
      touched[p.d] = true;
      const double w = want(at(p.a), at(kElements + p.b), at(2 * kElements + p.d));
      expect_near<T>(static_cast<double>(static_cast<float>(got[p.d])), w, name, form, p.d);
    }
    for (std::size_t i = 0; i < kElements; ++i) {
      if (!touched[i]) expect_near<T>(static_cast<float>(got[i]), at(2 * kElements + i), name, form, i);
    }
  }
}

UnaryRepeatParams one_source(const BinaryRepeatParams& p) {
  return {p.dstBlkStride, p.src0BlkStride, p.dstRepStride, p.src0RepStride};
}
template <class P>
constexpr bool is_count = std::is_same_v<P, int>;

// What check() calls for an instruction of two sources, of one, of one and the scalar 3.
#define TWO(Name)                                                               \
  [](auto d, auto a, auto b, auto mask, auto repeat, auto params) {             \
    if constexpr (is_count<decltype(params)>)                                   \
      Name(d, a, b, mask);                                                      \
    else                                                                        \
      Name(d, a, b, mask, repeat, params);                                      \
  },                                                                            \
      [](auto t, auto d, auto a, auto b, auto mask, auto repeat, auto params) { \
        Name<decltype(t), false>(d, a, b, mask, repeat, params);                \
      }
#define ONE(Name)                                                             \
  [](auto d, auto a, auto, auto mask, auto repeat, auto params) {             \
    if constexpr (is_count<decltype(params)>)                                 \
      Name(d, a, mask);                                                       \
    else                                                                      \
      Name(d, a, mask, repeat, one_source(params));                           \
  },                                                                          \
      [](auto t, auto d, auto a, auto, auto mask, auto repeat, auto params) { \
        Name<decltype(t), false>(d, a, mask, repeat, one_source(params));     \
      }
#define WITH_SCALAR(Name, s)                                                                           \
  [](auto d, auto a, auto, auto mask, auto repeat, auto params) {                                      \
    using S = typename decltype(d)::PrimType;                                                          \
    if constexpr (is_count<decltype(params)>)                                                          \
      Name(d, a, static_cast<S>(s), mask);                                                             \
    else                                                                                               \
      Name(d, a, static_cast<S>(s), mask, repeat, one_source(params));                                 \
  },                                                                                                   \
      [](auto t, auto d, auto a, auto, auto mask, auto repeat, auto params) {                          \
        Name<decltype(t), false>(d, a, static_cast<decltype(t)>(s), mask, repeat, one_source(params)); \
      }
#define TYPES(Name, forms, low, high, want)    \
  check<float>(#Name, low, high, forms, want); \
  check<half>(#Name, low, high, forms, want)

TEST(Elementwise, TwoSources) {
  COVERS("Add", "Sub", "Mul", "Div", "Max", "Min", "AddRelu", "SubRelu", "BinaryRepeatParams", "SetMaskCount",
         "SetMaskNorm", "SetVectorMask", "ResetMask", "MaskMode", "COUNTER", "MASK_PLACEHOLDER");
  TYPES(Add, TWO(Add), -8, 8, [](double a, double b, double) { return a + b; });
  TYPES(Sub, TWO(Sub), -8, 8, [](double a, double b, double) { return a - b; });
  TYPES(Mul, TWO(Mul), -8, 8, [](double a, double b, double) { return a * b; });
  TYPES(Div, TWO(Div), 1, 8, [](double a, double b, double) { return a / b; });
  TYPES(Max, TWO(Max), -8, 8, [](double a, double b, double) { return std::max(a, b); });
  TYPES(Min, TWO(Min), -8, 8, [](double a, double b, double) { return std::min(a, b); });
  TYPES(AddRelu, TWO(AddRelu), -8, 8, [](double a, double b, double) { return std::max(a + b, 0.0); });
  TYPES(SubRelu, TWO(SubRelu), -8, 8, [](double a, double b, double) { return std::max(a - b, 0.0); });
  check<std::int32_t>("Add", -9000, 9000, TWO(Add), [](double a, double b, double) { return a + b; });
  check<std::int16_t>("Mul", -150, 150, TWO(Mul), [](double a, double b, double) { return a * b; });
  check<std::int32_t>("Max", -9000, 9000, TWO(Max),
                      [](double a, double b, double) { return std::max(a, b); });
}

TEST(Elementwise, MultiplyAndAdd) {
  COVERS("MulAddDst", "FusedMulAdd", "FusedMulAddRelu");
  TYPES(MulAddDst, TWO(MulAddDst), 1, 4, [](double a, double b, double d) { return a * b + d; });
  TYPES(FusedMulAdd, TWO(FusedMulAdd), 1, 4, [](double a, double b, double d) { return a * d + b; });
  TYPES(FusedMulAddRelu, TWO(FusedMulAddRelu), 1, 4,
        [](double a, double b, double d) { return std::max(a * d + b, 0.0); });
}

TEST(Elementwise, OneSource) {
  COVERS("Exp", "Ln", "Abs", "Sqrt", "Rsqrt", "Reciprocal", "Relu", "UnaryRepeatParams");
  TYPES(Exp, ONE(Exp), -5, 5, [](double a, double, double) { return std::exp(a); });
  TYPES(Ln, ONE(Ln), 2, 9, [](double a, double, double) { return std::log(a); });
  TYPES(Abs, ONE(Abs), -5, 5, [](double a, double, double) { return std::fabs(a); });
  TYPES(Sqrt, ONE(Sqrt), 0, 9, [](double a, double, double) { return std::sqrt(a); });
  TYPES(Rsqrt, ONE(Rsqrt), 0.1, 9, [](double a, double, double) { return 1 / std::sqrt(a); });
  TYPES(Reciprocal, ONE(Reciprocal), 0.1, 9, [](double a, double, double) { return 1 / a; });
  TYPES(Relu, ONE(Relu), -5, 5, [](double a, double, double) { return std::max(a, 0.0); });
  check<std::int32_t>("Relu", -500, 500, ONE(Relu),
                      [](double a, double, double) { return std::max(a, 0.0); });
}

TEST(Elementwise, OneSourceAndAScalar) {
  COVERS("Adds", "Muls", "Maxs", "Mins", "LeakyRelu");
  TYPES(Adds, WITH_SCALAR(Adds, 3), -5, 5, [](double a, double, double) { return a + 3; });
  TYPES(Muls, WITH_SCALAR(Muls, 3), -5, 5, [](double a, double, double) { return a * 3; });
  TYPES(Maxs, WITH_SCALAR(Maxs, 3), -5, 5, [](double a, double, double) { return std::max(a, 3.0); });
  TYPES(Mins, WITH_SCALAR(Mins, 3), -5, 5, [](double a, double, double) { return std::min(a, 3.0); });
  TYPES(LeakyRelu, WITH_SCALAR(LeakyRelu, 3), -5, 5,
        [](double a, double, double) { return a < 0 ? a * 3 : a; });
  check<std::int32_t>("Adds", -500, 500, WITH_SCALAR(Adds, 3),
                      [](double a, double, double) { return a + 3; });
  check<std::int16_t>("Muls", -500, 500, WITH_SCALAR(Muls, 3),
                      [](double a, double, double) { return a * 3; });
}

TEST(Elementwise, Bits) {
  COVERS("And", "Or", "Not", "ShiftLeft", "ShiftRight");
  const auto bits = [](double x) { return static_cast<std::uint16_t>(static_cast<std::int64_t>(x)); };
  check<std::uint16_t>("And", 0, 65535, TWO(And),
                       [&](double a, double b, double) { return bits(a) & bits(b); });
  check<std::uint16_t>("Or", 0, 65535, TWO(Or),
                       [&](double a, double b, double) { return bits(a) | bits(b); });
  check<std::uint16_t>("Not", 0, 65535, ONE(Not),
                       [&](double a, double, double) { return static_cast<std::uint16_t>(~bits(a)); });
  check<std::uint16_t>("ShiftLeft", 0, 65535, WITH_SCALAR(ShiftLeft, 3),
                       [&](double a, double, double) { return static_cast<std::uint16_t>(bits(a) << 3); });
  check<std::int32_t>("ShiftRight", -90000, 90000, WITH_SCALAR(ShiftRight, 3),
                      [](double a, double, double) { return std::floor(a / 8); });
}

TEST(Elementwise, ScaledSumOntoTheDestination) {
  COVERS("Axpy");
  const auto in = operands<float>(-4, 4);
  const auto got = on_vector_core<float, float>(in, 2 * kElements * 4, kElements, [] {
    Axpy(ub<float>(2 * kElements * 4), ub<float>(0), 2.5f, 100);
    Axpy<float, float>(ub<float>(2 * kElements * 4 + 512), ub<float>(512), -0.5f, std::uint64_t{17}, 2,
                       UnaryRepeatParams(1, 1, 8, 8));
  });
  for (std::size_t i = 0; i < 100; ++i) EXPECT_NEAR(got[i], 2.5 * in[i] + in[2 * kElements + i], 2e-6);
  for (std::size_t i = 128; i < 128 + 128; ++i) {
    const double was = in[2 * kElements + i];
    EXPECT_NEAR(got[i], i % 64 < 17 ? -0.5 * in[i] + was : was, 2e-6) << i;
  }
}

}  // namespace
}  // namespace etalon::ascendc
