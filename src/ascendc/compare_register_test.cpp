// SPDX-License-Identifier: Apache-2.0
// The compare register, and the compiler's own comparisons, selections and rearrangements, against double
// precision.
#include <cstring>

#include "ascendc/covers_for_test.h"
#include "ascendc/test_core.h"

namespace etalon::ascendc {
namespace {

using namespace AscendC;

template <class T>
T* at(std::uint32_t byte) {
  return reinterpret_cast<T*>(std::uintptr_t{byte});
}
// Two rows of `n` values with ties.
template <class T>
std::vector<T> two_rows(int n) {
  std::vector<T> in;
  for (int i = 0; i < n; ++i) in.push_back(static_cast<T>(static_cast<float>(i * 7 % 23 - 11)));
  for (int i = 0; i < n; ++i) in.push_back(static_cast<T>(static_cast<float>(i * 5 % 19 - 9)));
  return in;
}
bool holds(int mode, double a, double b) {
  const bool all[] = {a<b, a> b, a == b, a <= b, a >= b, a != b};
  return all[mode];
}

template <class T>
void expect_comparisons() {
  constexpr int per = 256 / static_cast<int>(sizeof(T)), n = 2 * per;
  const auto in = two_rows<T>(n);
  constexpr std::uint32_t second = 512, result = 4096;
  constexpr int each = 2 * per / 8;  // bytes of two repeats
  const auto bits = on_vector_core<T, std::uint8_t>(in, result, 18 * 64, [] {
    T *a = at<T>(0), *b = at<T>(second);
    const T s = static_cast<T>(2.0f);
    const auto to = [](int i) { return at<std::uint8_t>(result + static_cast<std::uint32_t>(i) * 64); };
    Duplicate(ub<std::int16_t>(result), std::int16_t{0}, 18 * 32);
    PipeBarrier<PIPE_V>();
    set_vector_mask(0, 0xff);  // not looked at by these
    vcmpv_lt(to(0), a, b, 2, 1, 1, 1, 8, 8, 8), vcmpv_gt(to(1), a, b, 2, 1, 1, 1, 8, 8, 8);
    vcmpv_eq(to(2), a, b, 2, 1, 1, 1, 8, 8, 8), vcmpv_le(to(3), a, b, 2, 1, 1, 1, 8, 8, 8);
    vcmpv_ge(to(4), a, b, 2, 1, 1, 1, 8, 8, 8), vcmpv_ne(to(5), a, b, 2, 1, 1, 1, 8, 8, 8);
    vcmpvs_lt(to(6), a, s, 2, 1, 1, 8, 8), vcmpvs_gt(to(7), a, s, 2, 1, 1, 8, 8);
    vcmpvs_eq(to(8), a, s, 2, 1, 1, 8, 8), vcmpvs_le(to(9), a, s, 2, 1, 1, 8, 8);
    vcmpvs_ge(to(10), a, s, 2, 1, 1, 8, 8), vcmpvs_ne(to(11), a, s, 2, 1, 1, 8, 8);
    PipeBarrier<PIPE_V>();
    // The register keeps what is masked out: all but the first 24 elements keep the ones it begins with.
    Duplicate(ub<std::int16_t>(8192), std::int16_t{-1}, 16);
    PipeBarrier<PIPE_V>();
    const auto compare = [&](int i) {
      set_cmpmask(at<void>(8192));
      set_vector_mask(0, 0xffffff);
      switch (i) {
        case 0:
          vcmp_lt(a, b, 1, 1, 1, 1, 8, 8, 8);
          break;
        case 1:
          vcmp_gt(a, b, 1, 1, 1, 1, 8, 8, 8);
          break;
        case 2:
          vcmp_eq(a, b, 1, 1, 1, 1, 8, 8, 8);
          break;
        case 3:
          vcmp_le(a, b, 1, 1, 1, 1, 8, 8, 8);
          break;
        case 4:
          vcmp_ge(a, b, 1, 1, 1, 1, 8, 8, 8);
          break;
        default:
          vcmp_ne(a, b, 1, 1, 1, 1, 8, 8, 8);
          break;
      }
      PipeBarrier<PIPE_V>();
      get_cmpmask(to(12 + i));
      PipeBarrier<PIPE_V>();
    };
    for (int i = 0; i < 6; ++i) compare(i);
    ResetMask();
  });
  const auto bit = [&](int row, int i) {
    return (bits[static_cast<std::size_t>(row * 64 + i / 8)] >> (i % 8) & 1) != 0;
  };
  for (int mode = 0; mode < 6; ++mode) {
    for (int i = 0; i < n; ++i) {
      const auto a = static_cast<double>(static_cast<float>(in[static_cast<std::size_t>(i)]));
      const auto b = static_cast<double>(static_cast<float>(in[static_cast<std::size_t>(n + i)]));
      EXPECT_EQ(bit(mode, i), holds(mode, a, b)) << mode << ' ' << i;
      EXPECT_EQ(bit(6 + mode, i), holds(mode, a, 2)) << mode << ' ' << i;
      if (i < per) {
        EXPECT_EQ(bit(12 + mode, i), i < 24 ? holds(mode, a, b) : true) << mode << ' ' << i;
      }
    }
  }
  static_cast<void>(each);
}
TEST(CompareRegister, Comparisons) {
  COVERS("vcmp_lt", "vcmp_gt", "vcmp_eq", "vcmp_le", "vcmp_ge", "vcmp_ne", "vcmpv_lt", "vcmpv_gt", "vcmpv_eq",
         "vcmpv_le", "vcmpv_ge", "vcmpv_ne", "vcmpvs_lt", "vcmpvs_gt", "vcmpvs_eq", "vcmpvs_le", "vcmpvs_ge",
         "vcmpvs_ne", "set_cmpmask", "get_cmpmask");
  expect_comparisons<float>();
}

// Selections by the register, in its three modes and by either name.
template <class T>
void expect_selections() {
  constexpr int per = 256 / static_cast<int>(sizeof(T)), n = 2 * per;
  auto in = two_rows<T>(n);
  constexpr std::uint32_t second = 512, bits = 1024, place = 1088, value = 1120, out = 2048;
  in.resize(1152 / sizeof(T));
  auto* bytes = reinterpret_cast<unsigned char*>(in.data());
  for (std::uint32_t i = 0; i < 64; ++i) bytes[bits + i] = static_cast<unsigned char>(i * 37 + 11);
  std::memcpy(bytes + place, &bits, 4);
  const T scalar = static_cast<T>(3.5f);
  std::memcpy(bytes + value, &scalar, sizeof(T));
  const auto z = on_vector_core<T, T>(in, out, 5 * n, [] {
    const BinaryRepeatParams p(1, 1, 1, 8, 8, 8);
    const auto to = [](int i) {
      return static_cast<std::uint32_t>(out + 512 * static_cast<std::uint32_t>(i));
    };
    ResetMask();
    SetCmpMask(ub<std::uint8_t>(bits));
    PipeBarrier<PIPE_V>();
    Select<T, SELMODE::VSEL_CMPMASK_SPR>(ub<T>(to(0)), ub<T>(0), ub<T>(second), 2, p);
    vsel(at<T>(to(1)), at<T>(0), at<void>(second), 2, 1, 1, 1, 8, 8, 8, 0);
    SetCmpMask(ub<std::uint32_t>(place));
    PipeBarrier<PIPE_V>();
    Select<T, SELMODE::VSEL_TENSOR_TENSOR_MODE>(ub<T>(to(2)), ub<T>(0), ub<T>(second), 2, p);
    vsel(at<T>(to(3)), at<T>(0), at<void>(second), 2, 1, 1, 1, 8, 8, 8, 2);
    SetCmpMask(ub<T>(value));
    PipeBarrier<PIPE_V>();
    vsel(at<T>(to(4)), at<T>(0), at<void>(place), 2, 1, 1, 1, 8, 8, 8, 1);
  });
  for (int i = 0; i < n; ++i) {
    const auto x = static_cast<std::size_t>(i);
    const bool once = (bytes[bits + static_cast<std::uint32_t>(i % per) / 8] >> (i % 8) & 1) != 0;
    const bool each = (bytes[bits + static_cast<std::uint32_t>(i) / 8] >> (i % 8) & 1) != 0;
    const auto un = static_cast<std::size_t>(n);
    for (const std::size_t row : {0, 1})
      EXPECT_EQ(static_cast<float>(z[row * un + x]), static_cast<float>(in[once ? x : un + x])) << i;
    for (const std::size_t row : {2, 3})
      EXPECT_EQ(static_cast<float>(z[row * un + x]), static_cast<float>(in[each ? x : un + x])) << i;
    EXPECT_EQ(static_cast<float>(z[4 * un + x]), static_cast<float>(each ? in[x] : scalar)) << i;
  }
}
TEST(CompareRegister, Selections) {
  COVERS("SetCmpMask", "vsel", "VSEL_CMPMASK_SPR", "VSEL_TENSOR_TENSOR_MODE");
  expect_selections<float>();
  expect_selections<half>();
}
TEST(CompareRegister, ComparisonsByTheirOwnName) {
  COVERS("GetCmpMask");
  const auto in = two_rows<half>(128);
  const auto bits = on_vector_core<half, std::uint8_t>(in, 1024, 16, [] {
    Compare(ub<half>(0), ub<half>(256), CMPMODE::LE, std::uint64_t{128},
            BinaryRepeatParams(1, 1, 1, 8, 8, 8));
    PipeBarrier<PIPE_V>();
    GetCmpMask(ub<std::uint8_t>(1024));
  });
  for (std::size_t i = 0; i < 128; ++i)
    EXPECT_EQ((bits[i / 8] >> (i % 8) & 1) != 0, static_cast<float>(in[i]) <= static_cast<float>(in[128 + i]))
        << i;
}

TEST(RawVectors, ElementsKept) {
  COVERS("vreducev2", "get_rsvd_cnt");
  std::vector<std::uint32_t> in;
  for (std::uint32_t i = 0; i < 128; ++i) in.push_back(i * 3 + 1);
  in.resize(136, 0);
  in[128] = 0x0000f0a5, in[129] = 0x80000001;
  std::uint64_t kept[3] = {};
  const auto z = on_vector_core<std::uint32_t, std::uint32_t>(in, 1024, 192, [&] {
    vreducev2(at<std::uint32_t>(1024), at<std::uint32_t>(0), at<std::uint32_t>(0), 2, 1, 3, 8, 0);
    kept[0] = get_rsvd_cnt();
    set_mask_count();
    set_vector_mask(0, 40);
    vreducev2(at<std::uint32_t>(1280), at<std::uint32_t>(0), at<std::uint32_t>(0), 1, 1, 1, 8, 0);
    kept[1] = get_rsvd_cnt();
    set_mask_norm();
    vreducev2(at<std::uint32_t>(1536), at<std::uint32_t>(0), at<std::uint32_t>(512), 1, 1, 0, 8, 8);
    kept[2] = get_rsvd_cnt();
    ResetMask();
  });
  EXPECT_EQ(kept[0], 32u);
  EXPECT_EQ(kept[1], 20u);
  for (std::size_t i = 0; i < 32; ++i) EXPECT_EQ(z[i], in[4 * i]);
  for (std::size_t i = 0; i < 20; ++i) EXPECT_EQ(z[64 + i], in[2 * i]);
  std::size_t n = 0;
  for (std::size_t i = 0; i < 64; ++i) {
    if ((in[128 + i / 32] >> (i % 32) & 1) != 0) EXPECT_EQ(z[128 + n++], in[i]) << i;
  }
  EXPECT_EQ(kept[2], n);
}

TEST(RawVectors, ElementsAndBlocksGathered) {
  COVERS("vgather", "get_max_min_cnt", "vtranspose");
  std::vector<std::uint32_t> in;
  for (std::uint32_t i = 0; i < 64; ++i) in.push_back(i * 11 + 5);
  for (std::uint32_t i = 0; i < 64; ++i) in.push_back((i * 29 % 64) * 4);
  for (std::uint32_t i = 0; i < 8; ++i) in.push_back((7 - i) * 32);
  const auto z = on_vector_core<std::uint32_t, std::uint32_t>(in, 1024, 320, [] {
    vgather(at<std::uint32_t>(1024), at<std::uint32_t>(256), 0, 8, 1);
    vgatherb(at<std::uint32_t>(1280), at<std::uint32_t>(512), 0, 8, 1, 1);
    vtranspose(at<std::uint16_t>(1536), at<std::uint16_t>(0));
    PipeBarrier<PIPE_V>();
  });
  for (std::size_t i = 0; i < 64; ++i) {
    EXPECT_EQ(z[i], in[in[64 + i] / 4]) << i;
    EXPECT_EQ(z[64 + i], in[(7 - i / 8) * 8 + i % 8]) << i;
  }
  const auto* from = reinterpret_cast<const std::uint16_t*>(in.data());
  const auto* to = reinterpret_cast<const std::uint16_t*>(z.data() + 128);
  for (int i = 0; i < 256; ++i) EXPECT_EQ(to[i % 16 * 16 + i / 16], from[i]) << i;

  std::vector<float> values;
  for (int i = 0; i < 64; ++i) values.push_back(static_cast<float>(i * 13 % 64));
  std::int64_t found = 0;
  on_vector_core<float, float>(values, 1024, 8, [&] {
    WholeReduceMax(ub<float>(1024), ub<float>(0), 64, 1, 1, 1, 8);
    PipeBarrier<PIPE_ALL>();
    found = get_max_min_cnt();
  });
  float largest = 0;
  const auto low = static_cast<std::uint32_t>(found);
  std::memcpy(&largest, &low, 4);
  EXPECT_EQ(largest, 63.0f);
  EXPECT_EQ(values[static_cast<std::size_t>(found >> 32)], 63.0f);
}

TEST(RawVectors, BlocksNamedByRegisters) {
  COVERS("set_va_reg_sb", "scatter_vnchwconv_b16");
  std::vector<std::uint16_t> in;
  for (std::uint16_t i = 0; i < 512; ++i) in.push_back(static_cast<std::uint16_t>(i * 31 + 7));
  const auto z = on_vector_core<std::uint16_t, std::uint16_t>(in, 2048, 512, [] {
    std::uint64_t lists[4][8];
    for (std::uint32_t i = 0; i < 8; ++i) {  // results backwards
      lists[0][i] = 2048 + (15 - i) * 32, lists[1][i] = 2048 + (7 - i) * 32;
      lists[2][i] = i * 32, lists[3][i] = 256 + i * 32;
    }
    set_va_reg_sb(VA0, lists[0]), set_va_reg_sb(VA1, lists[1]);
    set_va_reg_sb(VA2, lists[2]), set_va_reg_sb(VA3, lists[3]);
    scatter_vnchwconv_b16(VA0, VA2, 2, 16, 16);
  });
  for (std::size_t r = 0; r < 2; ++r) {
    for (std::size_t i = 0; i < 16; ++i) {
      for (std::size_t j = 0; j < 16; ++j)
        EXPECT_EQ(z[r * 256 + (15 - j) * 16 + i], in[r * 256 + i * 16 + j]) << r << ' ' << i << ' ' << j;
    }
  }
  EXPECT_EQ(error_code(KernelType::aiv, [] { scatter_vnchwconv_b16(VA7, VA0, 1, 0, 0); }), "ascendc.range");
}

}  // namespace
}  // namespace etalon::ascendc
