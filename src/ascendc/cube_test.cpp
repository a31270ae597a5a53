// SPDX-License-Identifier: Apache-2.0
// The cube: products of every type, results in every format, against double precision.
#include <cmath>

#include "ascendc/covers_for_test.h"
#include "ascendc/cube_for_test.h"

namespace etalon::ascendc {
namespace {

using namespace AscendC;

// A then B as the cube wants them: fractals of 16 rows by 32 bytes. 4-bit numbers are packed in pairs.
template <class T>
std::vector<T> packed_factors(int m, int n, int k, int c0) {
  const int m1 = (m + 15) / 16, n1 = (n + 15) / 16, k1 = (k + c0 - 1) / c0;
  std::vector<double> all;
  for (int f = 0; f < m1 * k1; ++f) {
    for (int e = 0; e < 16 * c0; ++e) {
      const int i = f / k1 * 16 + e / c0, kk = f % k1 * c0 + e % c0;
      all.push_back(i < m && kk < k ? value_a(i, kk) : 0);
    }
  }
  for (int f = 0; f < k1 * n1; ++f) {
    for (int e = 0; e < 16 * c0; ++e) {
      const int j = f % n1 * 16 + e / c0, kk = f / n1 * c0 + e % c0;
      all.push_back(j < n && kk < k ? value_b(kk, j) : 0);
    }
  }
  std::vector<T> out;
  if constexpr (std::is_same_v<T, int4b_t>) {
    for (std::size_t i = 0; i < all.size(); i += 2) {
      const int low = static_cast<int>(all[i]) & 15, high = static_cast<int>(all[i + 1]) & 15;
      out.push_back(int4b_t{static_cast<std::uint8_t>(low | high << 4)});
    }
  } else {
    for (const double v : all) out.push_back(static_cast<T>(static_cast<float>(v)));
  }
  return out;
}

template <class T, class C>
void expect_product(int m, int n, int k, bool hf32 = false) {
  const int c0 = std::is_same_v<T, int4b_t> ? 64 : 32 / static_cast<int>(sizeof(T));
  const int m1 = (m + 15) / 16, n1 = (n + 15) / 16, k1 = (k + c0 - 1) / c0;
  const auto in = packed_factors<T>(m, n, k, c0);
  const auto z = on_cube_core<T, C>(in, static_cast<std::size_t>(2 * m * n), [&](auto g, auto out) {
    GlobalTensor<std::int8_t> bytes;
    bytes.SetGlobalBuffer(reinterpret_cast<std::int8_t*>(g.GetPhyAddr()));
    DataCopy(l1<std::int8_t>(0), bytes, static_cast<std::uint32_t>((m1 + n1) * k1 * 512));
    PipeBarrier<PIPE_ALL>();
    LoadData(l0a<std::int8_t>(), l1<std::int8_t>(0), fractals(m1 * k1));
    LoadData(l0b<std::int8_t>(), l1<std::int8_t>(static_cast<std::uint32_t>(m1 * k1 * 512)),
             fractals(n1 * k1));
    PipeBarrier<PIPE_ALL>();
    if (hf32) SetHF32Mode(true), SetHF32TransMode(true), SetMMLayoutTransform(true);
    MmadParams p = product(m, n, k);
    Mmad(l0c<C>(), l0a<T>(), l0b<T>(), p);
    PipeBarrier<PIPE_M>();
    FixpipeParamsV220 f;
    f.mSize = p.m, f.nSize = p.n, f.srcStride = static_cast<std::uint16_t>(m1 * 16), f.dstStride = p.n;
    SetFlag<HardEvent::M_FIX>(0), WaitFlag<HardEvent::M_FIX>(0);
    Fixpipe(out, l0c<C>(), f);
    SetFlag<HardEvent::FIX_M>(0), WaitFlag<HardEvent::FIX_M>(0);
    p.cmatrixInitVal = false;  // once more on top
    Mmad(l0c<C>(), l0a<T>(), l0b<T>(), p);
    PipeBarrier<PIPE_ALL>();
    Fixpipe(out[static_cast<std::uint64_t>(m * n)], l0c<C>(), f);
    PipeBarrier<PIPE_FIX>();
  });
  for (int i = 0; i < m; ++i) {
    for (int j = 0; j < n; ++j) {
      double sum = 0;
      for (int kk = 0; kk < k; ++kk) sum += value_a(i, kk) * value_b(kk, j);
      EXPECT_EQ(static_cast<double>(z[static_cast<std::size_t>(i * n + j)]), sum) << i << ' ' << j;
      EXPECT_EQ(static_cast<double>(z[static_cast<std::size_t>(m * n + i * n + j)]), 2 * sum)
          << i << ' ' << j;
    }
  }
}
TEST(Cube, ProductsOfEveryType) {
  COVERS("Mmad", "MmadParams", "LoadData", "LoadData2DParams", "LoadData2dParams", "Fixpipe",
         "FixpipeParamsV220", "CO1", "PIPE_M", "PIPE_FIX", "SetHF32Mode", "SetHF32TransMode",
         "SetMMLayoutTransform", "int4b_t", "bfloat16_t");
  static_assert(std::is_same_v<LoadData2dParams, LoadData2DParams>);
  expect_product<half, float>(20, 40, 50);
  expect_product<bfloat16_t, float>(16, 16, 16);
  expect_product<float, float>(33, 20, 24);
  expect_product<float, float>(33, 20, 24, true);
  expect_product<std::int8_t, std::int32_t>(20, 35, 96);
  expect_product<int4b_t, std::int32_t>(18, 20, 128);
}

TEST(Cube, HighPrecisionFloatsLoseTheirLastBits) {
  COVERS("SetHF32Mode", "SetHF32TransMode");
  // A holds one value, B ones on the diagonal: C is what the cube sees of the value.
  const float value = 1.0f + 0x1p-11f + 0x1p-12f + 0x1p-20f;
  std::vector<float> in(256, 0.0f);
  std::fill(in.begin(), in.begin() + 128, value);
  for (std::size_t i = 0; i < 8; ++i) in[128 + i * 8 + i] = 1;
  const auto of = [&](int mode) {
    return on_cube_core<float, float>(in, 256, [&](auto g, auto out) {
      DataCopy(l1<float>(0), g, 256);
      PipeBarrier<PIPE_ALL>();
      LoadData(l0a<float>(), l1<float>(0), fractals(1));
      LoadData(l0b<float>(), l1<float>(512), fractals(1));
      PipeBarrier<PIPE_ALL>();
      SetHF32Mode(mode > 0);
      SetHF32TransMode(mode > 1);
      Mmad(l0c<float>(), l0a<float>(), l0b<float>(), product(16, 16, 8));
      PipeBarrier<PIPE_ALL>();
      FixpipeParamsV220 f;
      f.mSize = f.nSize = f.srcStride = 16, f.dstStride = 16;
      Fixpipe(out, l0c<float>(), f);
    })[0];
  };
  EXPECT_EQ(of(0), value);
  EXPECT_EQ(of(1), 1.0f + 0x1p-10f);
  EXPECT_EQ(of(2), 1.0f + 0x1p-11f);
}

// C of 16 x 32 in L0C out of A = ones on the diagonal and B; then `out`.
template <class Out>
std::vector<Out> results(std::size_t elements, const std::function<void(GlobalTensor<Out>)>& out) {
  std::vector<half> in(256 + 512, half(0.0f));
  for (std::size_t i = 0; i < 16; ++i) in[i * 17] = half(1.0f);
  for (int j = 0; j < 32; ++j) {
    for (int i = 0; i < 16; ++i)
      in[static_cast<std::size_t>(256 + j * 16 + i)] =
          static_cast<half>(static_cast<float>(value_b(i, j) * 9));
  }
  std::vector<std::uint64_t> scales(32);
  for (std::size_t j = 0; j < 32; ++j)
    scales[j] = __builtin_bit_cast(std::uint32_t, 0.25f * static_cast<float>(j % 4 + 1));
  in.resize(256 + 512 + 128);
  std::memcpy(&in[768], scales.data(), 256);
  return on_cube_core<half, Out>(in, elements, [&](auto g, auto to) {
    DataCopy(l1<half>(0), g, static_cast<std::uint32_t>(in.size()));
    PipeBarrier<PIPE_ALL>();
    LoadData(l0a<half>(), l1<half>(0), fractals(1));
    LoadData(l0b<half>(), l1<half>(512), fractals(2));
    DataCopy(LocalTensor<half>(TPosition::C2PIPE2GM, 0, 0), l1<half>(1536), 128);
    PipeBarrier<PIPE_ALL>();
    Mmad(l0c<float>(), l0a<half>(), l0b<half>(), product(16, 32, 16));
    PipeBarrier<PIPE_ALL>();
    out(to);
  });
}
double c_at(int i, int j) { return value_b(i, j) * 9; }
FixpipeParamsV220 of_16_by_32(QuantMode_t quant, std::uint32_t stride) {
  FixpipeParamsV220 f;
  f.mSize = 16, f.nSize = 32, f.srcStride = 16, f.dstStride = stride;
  f.quantPre = quant;
  return f;
}

TEST(Cube, ResultsInEveryFormat) {
  COVERS("CFG_ROW_MAJOR", "CFG_NZ", "CO2Layout", "ROW_MAJOR", "F322F16", "F322BF16", "QF322B8_PRE",
         "VQF322B8_PRE", "NoQuant", "QuantMode_t", "FixpipeConfig");
  static_assert(std::is_same_v<decltype(CFG_NZ), const FixpipeConfig>);
  static_assert(CFG_NZ.format == CO2Layout::NZ && CFG_ROW_MAJOR.format == CO2Layout::ROW_MAJOR);
  const auto rows = results<half>(16 * 40, [](auto out) {
    FixpipeParamsV220 f = of_16_by_32(F322F16, 40);
    f.reluEn = true;
    Fixpipe<half, float, CFG_ROW_MAJOR>(out, l0c<float>(), f);
  });
  const auto columns = results<bfloat16_t>(512, [](auto out) {
    Fixpipe<bfloat16_t, float, CFG_NZ>(out, l0c<float>(), of_16_by_32(F322BF16, 16));
  });
  const auto split = results<float>(512, [](auto out) {
    FixpipeParamsV220 f = of_16_by_32(NoQuant, 16);
    f.isChannelSplit = true;
    Fixpipe<float, float, CFG_NZ>(out, l0c<float>(), f);
  });
  const auto bytes = results<std::int8_t>(512, [](auto out) {
    FixpipeParamsV220 f = of_16_by_32(QF322B8_PRE, 32);
    f.deqScalar = __builtin_bit_cast(std::uint32_t, 3.0f);
    Fixpipe(out, l0c<float>(), f);
  });
  const auto by_channel = results<std::int8_t>(512, [](auto out) {
    const LocalTensor<std::uint64_t> scales(TPosition::C2PIPE2GM, 0, 0);
    Fixpipe(out, l0c<float>(), scales, of_16_by_32(VQF322B8_PRE, 32));
  });
  for (int i = 0; i < 16; ++i) {
    for (int j = 0; j < 32; ++j) {
      const double c = c_at(i, j);
      const auto at = [&](int stride) { return static_cast<std::size_t>(i * stride + j); };
      EXPECT_EQ(static_cast<float>(rows[at(40)]), std::max(c, 0.0));
      EXPECT_EQ(static_cast<float>(columns[static_cast<std::size_t>(j / 16 * 256 + i * 16 + j % 16)]), c);
      EXPECT_EQ(split[static_cast<std::size_t>(j / 8 * 128 + i * 8 + j % 8)], c);
      EXPECT_EQ(bytes[at(32)], std::clamp(3 * c, -128.0, 127.0));
      EXPECT_EQ(by_channel[at(32)], std::nearbyint(c * 0.25 * (j % 4 + 1)));
    }
  }
}

TEST(Cube, ResultsByDataCopy) {
  COVERS("DataCopyCO12DstParams", "SetFixPipeConfig", "SetFixpipeNz2ndFlag", "SetFixpipePreQuantFlag",
         "F322F16");
  // Two matrices of 16 x 16 from neighbouring fractals of L0C, 300 elements apart outside.
  const auto two = results<half>(600, [](auto out) {
    SetFixpipeNz2ndFlag(2, 1, 300);
    DataCopy(out, l0c<float>(), DataCopyCO12DstParams(16, 16, 16, 16, F322F16, 0, false, true));
  });
  const auto scaled = results<std::int8_t>(1024, [](auto out) {
    SetFixpipePreQuantFlag(__builtin_bit_cast(std::uint32_t, 0.5f));
    SetFixpipeNz2ndFlag(1, 0, 0);
    DataCopy(out, l0c<float>(), DataCopyCO12DstParams(32, 16, 32, 16, QF322B8_PRE, 1, false, true));
    SetFixPipeConfig(LocalTensor<std::uint64_t>(TPosition::C2PIPE2GM, 0, 0));
    DataCopy(out[512], l0c<float>(), DataCopyCO12DstParams(32, 16, 16, 16, VQF322B8_PRE, 0, false, false));
  });
  for (int i = 0; i < 16; ++i) {
    for (int j = 0; j < 32; ++j) {
      EXPECT_EQ(static_cast<float>(two[static_cast<std::size_t>(j / 16 * 300 + i * 16 + j % 16)]),
                c_at(i, j));
      EXPECT_EQ(scaled[static_cast<std::size_t>(i * 32 + j)],
                std::nearbyint(std::max(c_at(i, j), 0.0) * 0.5));
      EXPECT_EQ(scaled[static_cast<std::size_t>(512 + i * 32 + j)],
                std::nearbyint(c_at(i, j) * 0.25 * (j % 4 + 1)));
    }
  }
}

TEST(Cube, IntegerResultsAreScaledToHalf) {
  COVERS("DEQF16", "VDEQF16", "REQ8", "VREQ8");
  const auto in = packed_factors<std::int8_t>(16, 32, 32, 32);
  for (const QuantMode_t quant : {DEQF16, VDEQF16}) {
    std::vector<std::int8_t> all = in;
    for (int j = 0; j < 32; ++j) {
      std::int8_t scale[8] = {};
      const auto bits = __builtin_bit_cast(std::uint32_t, 0.5f * static_cast<float>(j % 3 + 1));
      std::memcpy(scale, &bits, 4);
      all.insert(all.end(), scale, scale + 8);
    }
    const auto of = [&]<class Out>(Out, QuantMode_t mode) {
      return on_cube_core<std::int8_t, Out>(all, 512, [&](auto g, auto out) {
        DataCopy(l1<std::int8_t>(0), g, static_cast<std::uint32_t>(all.size()));
        PipeBarrier<PIPE_ALL>();
        LoadData(l0a<std::int8_t>(), l1<std::int8_t>(0), fractals(1));
        LoadData(l0b<std::int8_t>(), l1<std::int8_t>(512), fractals(2));
        DataCopy(LocalTensor<std::int8_t>(TPosition::C2PIPE2GM, 0, 0), l1<std::int8_t>(1536), 256);
        PipeBarrier<PIPE_ALL>();
        Mmad(l0c<std::int32_t>(), l0a<std::int8_t>(), l0b<std::int8_t>(), product(16, 32, 32));
        PipeBarrier<PIPE_ALL>();
        FixpipeParamsV220 f = of_16_by_32(mode, 32);
        f.deqScalar = __builtin_bit_cast(std::uint32_t, 0.125f);
        if (mode == VDEQF16 || mode == VREQ8)
          Fixpipe(out, l0c<std::int32_t>(), LocalTensor<std::uint64_t>(TPosition::C2PIPE2GM, 0, 0), f);
        else
          Fixpipe(out, l0c<std::int32_t>(), f);
      });
    };
    const bool each = quant == VDEQF16;
    const auto halves = of(half(), quant);
    const auto bytes = of(std::int8_t(), each ? VREQ8 : REQ8);
    for (int i = 0; i < 16; ++i) {
      for (int j = 0; j < 32; ++j) {
        double sum = 0;
        for (int k = 0; k < 32; ++k) sum += value_a(i, k) * value_b(k, j);
        const double wanted = sum * (each ? 0.5 * (j % 3 + 1) : 0.125);
        EXPECT_NEAR(static_cast<float>(halves[static_cast<std::size_t>(i * 32 + j)]), wanted,
                    std::fabs(wanted) / 2048);
        EXPECT_EQ(bytes[static_cast<std::size_t>(i * 32 + j)],
                  std::clamp(std::nearbyint(wanted), -128.0, 127.0));
      }
    }
  }
}

}  // namespace
}  // namespace etalon::ascendc
