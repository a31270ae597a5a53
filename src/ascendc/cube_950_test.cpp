// SPDX-License-Identifier: Apache-2.0
// The cube of the 950: regions of operands, L0A column by column, fp8 and its scales, results to the vector
// cores.
#include "ascendc/api/ascendc/number_types_3510.h"
#include "ascendc/covers_for_test.h"
#include "ascendc/cube_for_test.h"

namespace etalon::ascendc {
namespace {

using namespace AscendC;

chip::NpuCosts costs_950() { return chip::npu_costs(*catalog::find_chip("ascend-950pr")); }

template <class T>
T number_of(double v) {
  return static_cast<T>(static_cast<float>(v));
}

struct Shape {
  int m, n, k;
  bool transposed_a = false, scales = false;
};

// C = A B through L1 with rows and columns padded to whole fractals there; the hazard checker finds nothing.
template <class T, class Mx = T>
std::vector<float> product_950(const Shape& s, const std::vector<double>& a, const std::vector<double>& b,
                               const std::vector<std::uint8_t>& scale_a = {},
                               const std::vector<std::uint8_t>& scale_b = {}) {
  Device device(costs_950(), nullptr, true);
  constexpr int c0 = 32 / static_cast<int>(sizeof(T));
  const auto up = [](int x, int to) { return (x + to - 1) / to * to; };
  const auto put = [&](const std::vector<double>& from) {
    T* p = device.allocate_of<T>(static_cast<std::int64_t>(from.size()));
    for (std::size_t i = 0; i < from.size(); ++i) p[i] = number_of<T>(from[i]);
    return p;
  };
  const auto bytes = [&](const std::vector<std::uint8_t>& from) {
    auto* p = device.allocate_of<std::uint8_t>(static_cast<std::int64_t>(from.size()) + 32);
    std::copy(from.begin(), from.end(), p);
    return p;
  };
  T *from_a = put(a), *from_b = put(b);
  std::uint8_t *of_a = bytes(scale_a), *of_b = bytes(scale_b);
  float* to = device.allocate_of<float>(s.m * s.n);
  HazardChecker checker("test");
  const auto kernel = [&] {
    const int rows_a = s.transposed_a ? s.k : s.m, cols_a = s.transposed_a ? s.m : s.k;
    const int high_a = up(rows_a, s.transposed_a ? std::max(16, c0) : 16), high_b = up(s.k, std::max(16, c0));
    const auto l1_b = static_cast<std::uint32_t>(high_a * up(cols_a, c0) * static_cast<int>(sizeof(T)));
    const auto nz = [&](std::uint32_t at, T* gm, int rows, int columns, int high) {
      GlobalTensor<T> g;
      g.SetGlobalBuffer(gm);
      InitConstValueParams<std::uint16_t> zero;
      zero.repeatTimes = 1, zero.blockNum = static_cast<std::uint16_t>(high * up(columns, c0) / c0);
      InitConstValue(l1<std::uint16_t>(at), zero);
      PipeBarrier<PIPE_MTE2>();
      DataCopy(l1<T>(at), g,
               Nd2NzParams(1, static_cast<std::uint16_t>(rows), static_cast<std::uint32_t>(columns), 0,
                           static_cast<std::uint32_t>(columns), static_cast<std::uint16_t>(high), 1, 0));
    };
    nz(0, from_a, rows_a, cols_a, high_a);
    nz(l1_b, from_b, s.k, s.n, high_b);
    GlobalTensor<std::uint8_t> gs;
    constexpr std::uint32_t kScaleA = 200000, kScaleB = 220000;
    if (s.scales) {
      gs.SetGlobalBuffer(of_a);
      DataCopy(l1<std::uint8_t>(kScaleA), gs, static_cast<std::uint32_t>(scale_a.size()));
      gs.SetGlobalBuffer(of_b);
      DataCopy(l1<std::uint8_t>(kScaleB), gs, static_cast<std::uint32_t>(scale_b.size()));
    }
    PipeBarrier<PIPE_ALL>();
    const auto m1 = static_cast<std::uint16_t>(up(s.m, 16) / 16),
               n1 = static_cast<std::uint16_t>(up(s.n, 16) / 16);
    const LoadData2DParamsV2 pa(0, 0, static_cast<std::uint16_t>(high_a / 16),
                                static_cast<std::uint16_t>(up(cols_a, c0) / c0), high_a / 16, m1,
                                s.transposed_a);
    const LoadData2DParamsV2 pb(0, 0, static_cast<std::uint16_t>(high_b / 16),
                                static_cast<std::uint16_t>(up(s.n, c0) / c0), high_b / 16, n1, true);
    if (s.scales) {
      LoadData2DMxParams xa, xb;
      xa.xStep = static_cast<std::uint8_t>(m1), xb.xStep = static_cast<std::uint8_t>(n1);
      xa.yStep = xb.yStep = static_cast<std::uint8_t>((s.k + 63) / 64);
      xa.srcStride = xa.dstStride = xb.srcStride = xb.dstStride = xa.yStep;
      LoadData(l0a<Mx>(), l1<T>(0), l1<fp8_e8m0_t>(kScaleA), pa, xa);
      LoadData(l0b<Mx>(), l1<T>(l1_b), l1<fp8_e8m0_t>(kScaleB), pb, xb);
    } else {
      LoadData(l0a<T>(), l1<T>(0), pa);
      LoadData(l0b<T>(), l1<T>(l1_b), pb);
    }
    PipeBarrier<PIPE_ALL>();
    if (s.scales)
      MmadMx(l0c<float>(), l0a<Mx>(), l0b<Mx>(), product(s.m, s.n, s.k));
    else
      Mmad(l0c<float>(), l0a<T>(), l0b<T>(), product(s.m, s.n, s.k));
    PipeBarrier<PIPE_ALL>();
    GlobalTensor<float> out;
    out.SetGlobalBuffer(to);
    FixpipeParamsC310<CO2Layout::ROW_MAJOR> f;
    f.mSize = static_cast<std::uint16_t>(s.m), f.nSize = static_cast<std::uint16_t>(s.n);
    f.srcStride = static_cast<std::uint16_t>(up(s.m, 16)), f.dstStride = static_cast<std::uint32_t>(s.n);
    Fixpipe(out, l0c<float>(), f);
  };
  const auto result = run(device, KernelType::aic, 1, kernel, &checker);
  EXPECT_TRUE(result.has_value()) << result.error().text();
  for (const Finding& f : checker.findings()) {
    if (f.severity != Severity::note) ADD_FAILURE() << f.code << ' ' << f.text;
  }
  return {to, to + s.m * s.n};
}

template <class T>
void expect_product_950(const Shape& s) {
  std::vector<double> a, b;
  for (int i = 0; i < s.m * s.k; ++i)
    a.push_back(s.transposed_a ? value_a(i % s.m, i / s.m) : value_a(i / s.k, i % s.k));
  for (int i = 0; i < s.k * s.n; ++i) b.push_back(value_b(i / s.n, i % s.n));
  const auto c = product_950<T>(s, a, b);
  for (int i = 0; i < s.m; ++i) {
    for (int j = 0; j < s.n; ++j) {
      double want = 0;
      for (int k = 0; k < s.k; ++k) want += value_a(i, k) * value_b(k, j);
      ASSERT_NEAR(static_cast<double>(c[static_cast<std::size_t>(i * s.n + j)]), want, 1e-3) << i << ' ' << j;
    }
  }
}

TEST(Cube950, ProductsOfRegionsWithL0aColumnByColumn) {
  COVERS_ON("dav-3510", "LoadData2DParamsV2", "fp8_e4m3fn_t", "fp8_e5m2_t", "hifloat8_t");
  for (const bool transposed : {false, true}) {
    expect_product_950<half>({48, 32, 64, transposed});
    expect_product_950<bfloat16_t>({33, 20, 40, transposed});
    expect_product_950<float>({32, 32, 24, transposed});
    expect_product_950<fp8_e4m3fn_t>({64, 32, 96, transposed});
    expect_product_950<hifloat8_t>({32, 64, 64, transposed});
  }
  expect_product_950<fp8_e5m2_t>({16, 16, 32});
}

TEST(Cube950, ScalesOfBlocksOf32) {
  COVERS_ON("dav-3510", "MmadMx", "fp8_e8m0_t", "LoadData2DMxParams", "mx_fp8_e4m3_t");
  const Shape s{40, 24, 160, false, true};
  std::vector<double> a, b;
  for (int i = 0; i < s.m * s.k; ++i) a.push_back(value_a(i / s.k, i % s.k));
  for (int i = 0; i < s.k * s.n; ++i) b.push_back(value_b(i / s.n, i % s.n));
  const int groups = s.k / 32, pairs = (groups + 1) / 2;
  const auto exponent = [](int row, int g) { return (row * 3 + g * 5) % 9 - 4; };
  // Pieces of 16 rows by two scales.
  const auto scales = [&](int rows, int shift) {
    std::vector<std::uint8_t> out(static_cast<std::size_t>((rows + 15) / 16 * pairs * 32), 127);
    for (int r = 0; r < rows; ++r) {
      for (int g = 0; g < groups; ++g)
        out[static_cast<std::size_t>((r / 16 * pairs + g / 2) * 32 + r % 16 * 2 + g % 2)] =
            static_cast<std::uint8_t>(127 + exponent(r + shift, g));
    }
    return out;
  };
  const auto c = product_950<fp8_e4m3fn_t, mx_fp8_e4m3_t>(s, a, b, scales(s.m, 0), scales(s.n, 7));
  for (int i = 0; i < s.m; ++i) {
    for (int j = 0; j < s.n; ++j) {
      double want = 0;
      for (int k = 0; k < s.k; ++k)
        want += value_a(i, k) * std::exp2(exponent(i, k / 32)) * value_b(k, j) *
                std::exp2(exponent(j + 7, k / 32));
      ASSERT_NEAR(static_cast<double>(c[static_cast<std::size_t>(i * s.n + j)]), want,
                  1e-4 * std::max(100.0, std::fabs(want)));
    }
  }
}

// Results of one product in the unified buffers of both vector cores: columns halved, or fractals for one of
// them.
TEST(Cube950, ResultsToTheVectorCores) {
  COVERS_ON("dav-3510", "FixpipeParamsC310");
  for (const bool fractals_for_one : {false, true}) {
    Device device(costs_950(), nullptr, true);
    constexpr int m = 32, n = 64;
    half* in = device.allocate_of<half>((m + n) * 16);
    for (int i = 0; i < (m + n) * 16; ++i) in[i] = number_of<half>(value_a(i / 16, i % 16));
    float* to = device.allocate_of<float>(2 * m * n);
    HazardChecker checker("test");
    const auto result = run(
        device, KernelType::mix_1_2, 1,
        [&] {
          const LocalTensor<float> part = ub<float>(0);
          if ASCEND_IS_AIC {
            GlobalTensor<half> g;
            g.SetGlobalBuffer(in);
            DataCopy(l1<half>(0), g, (m + n) * 16);
            PipeBarrier<PIPE_ALL>();
            LoadData(l0a<half>(), l1<half>(0), fractals(m / 16));
            LoadData(l0b<half>(), l1<half>(m * 32), fractals(n / 16));
            PipeBarrier<PIPE_ALL>();
            Mmad(l0c<float>(), l0a<half>(), l0b<half>(), product(m, n, 16));
            PipeBarrier<PIPE_ALL>();
            if (fractals_for_one) {
              FixpipeParamsC310<CO2Layout::NZ> f;
              f.mSize = m, f.nSize = n, f.srcStride = m, f.dstStride = m * 16, f.subBlockId = 1;
              Fixpipe(part, l0c<float>(), f);
            } else {
              FixpipeParamsC310<CO2Layout::ROW_MAJOR> f;
              f.mSize = m, f.nSize = n, f.srcStride = m, f.dstStride = n / 2, f.dualDstCtl = 2;
              Fixpipe(part, l0c<float>(), f);
            }
            CrossCoreSetFlag<4, PIPE_FIX>(1);
            CrossCoreSetFlag<4, PIPE_FIX>(17);
          } else {
            CrossCoreWaitFlag<4, PIPE_MTE3>(1);
            GlobalTensor<float> g;
            g.SetGlobalBuffer(to + GetSubBlockIdx() * m * n);
            if (!fractals_for_one || GetSubBlockIdx() == 1)
              DataCopy(g, part, fractals_for_one ? m * n : m * n / 2);
          }
        },
        &checker);
    ASSERT_TRUE(result.has_value()) << result.error().text();
    for (const Finding& f : checker.findings()) {
      if (f.severity != Severity::note) ADD_FAILURE() << f.code << ' ' << f.text;
    }
    for (int i = 0; i < m; ++i) {
      for (int j = 0; j < n; ++j) {
        double want = 0;
        for (int k = 0; k < 16; ++k) want += value_a(i, k) * value_a(m + j, k);
        const int at =
            fractals_for_one ? m * n + j / 16 * m * 16 + i * 16 + j % 16 : j / 32 * m * n + i * 32 + j % 32;
        ASSERT_EQ(static_cast<double>(to[at]), want) << i << ' ' << j;
      }
    }
  }
}

}  // namespace
}  // namespace etalon::ascendc
