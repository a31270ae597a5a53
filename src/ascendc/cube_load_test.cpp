// SPDX-License-Identifier: Apache-2.0
// Loads of the cube in every form, seen through products, against double precision.
#include "ascendc/covers_for_test.h"
#include "ascendc/cube_for_test.h"

namespace etalon::ascendc {
namespace {

using namespace AscendC;

TEST(Cube, BiasAndFillsAndRowsOfMatrices) {
  COVERS("InitConstValue", "InitConstValueParams", "Nd2NzParams", "PIPE_MTE1", "A1", "A2", "B1", "B2", "C1",
         "C2");
  // A of 20 x 24 in rows of 30, B filled with 0.5, bias j.
  std::vector<half> in;
  for (int i = 0; i < 20; ++i) {
    for (int k = 0; k < 30; ++k) in.push_back(static_cast<half>(static_cast<float>(value_a(i, k))));
  }
  in.resize(640);
  std::vector<float> bias(16);
  for (int j = 0; j < 16; ++j) bias[static_cast<std::size_t>(j)] = static_cast<float>(j) * 0.5f;
  in.resize(in.size() + 32);
  std::memcpy(&in[640], bias.data(), 64);
  const auto z = on_cube_core<half, float>(in, 320, [&](auto g, auto out) {
    DataCopy(l1<half>(0), g, Nd2NzParams(1, 20, 24, 0, 30, 32, 1, 0));
    DataCopy(LocalTensor<half>(TPosition::B1, 8192, 0), g[640], 32);
    PipeBarrier<PIPE_ALL>();
    for (std::uint32_t m = 0; m < 2; ++m) {
      LoadData2DParams p = fractals(2);
      p.startIndex = static_cast<std::uint16_t>(m), p.srcStride = 2;
      LoadData(l0a<half>()[m * 512], l1<half>(0), p);
    }
    InitConstValueParams<half> fill;
    fill.repeatTimes = 1, fill.blockNum = 2, fill.initValue = half(0.5f);
    InitConstValue(l0b<half>(), fill);
    PipeBarrier<PIPE_MTE1>();
    DataCopy(LocalTensor<float>(TPosition::C2, 0, 0), LocalTensor<float>(TPosition::C1, 8192, 0), 16);
    PipeBarrier<PIPE_ALL>();
    Mmad(l0c<float>(), l0a<half>(), l0b<half>(), LocalTensor<float>(TPosition::C2, 0, 0),
         product(20, 16, 24));
    PipeBarrier<PIPE_ALL>();
    FixpipeParamsV220 f;
    f.mSize = 20, f.nSize = 16, f.srcStride = 32, f.dstStride = 16;
    Fixpipe(out, l0c<float>(), f);
  });
  for (int i = 0; i < 20; ++i) {
    double sum = 0;
    for (int k = 0; k < 24; ++k) sum += value_a(i, k) * 0.5;
    for (int j = 0; j < 16; ++j)
      EXPECT_EQ(z[static_cast<std::size_t>(i * 16 + j)], sum + j * 0.5) << i << ' ' << j;
  }
}

// A square block turned around on its way to L0B and multiplied with ones on the diagonal gives itself.
template <class T, class C>
void expect_turned() {
  constexpr int c0 = 32 / static_cast<int>(sizeof(T)), n = sizeof(T) == 1 ? 32 : 16;
  std::vector<T> in;
  const int k1 = (n + c0 - 1) / c0;
  for (int f = 0; f < n / 16 * k1; ++f) {  // ones on the diagonal as A
    for (int e = 0; e < 16 * c0; ++e)
      in.push_back(static_cast<T>(static_cast<float>(f / k1 * 16 + e / c0 == f % k1 * c0 + e % c0 ? 1 : 0)));
  }
  const std::size_t block = in.size();
  if (sizeof(T) == 4) {  // two fractals of 16 rows by 8
    for (int h = 0; h < 2; ++h) {
      for (int e = 0; e < 128; ++e)
        in.push_back(static_cast<T>(static_cast<float>(value_b(e / 8, h * 8 + e % 8))));
    }
  } else {
    for (int e = 0; e < n * n; ++e) in.push_back(static_cast<T>(static_cast<float>(value_b(e / n, e % n))));
  }
  const auto z = on_cube_core<T, C>(in, static_cast<std::size_t>(n * n), [&](auto g, auto out) {
    DataCopy(l1<T>(0), g, static_cast<std::uint32_t>(in.size()));
    PipeBarrier<PIPE_ALL>();
    LoadData(l0a<T>(), l1<T>(0), fractals(n / 16 * k1));
    LoadDataWithTranspose(l0b<T>(), l1<T>(static_cast<std::uint32_t>(block * sizeof(T))),
                          LoadData2dTransposeParams(0, 1, 1, 0, 0));
    PipeBarrier<PIPE_ALL>();
    Mmad(l0c<C>(), l0a<T>(), l0b<T>(), product(n, n, n));
    PipeBarrier<PIPE_ALL>();
    FixpipeParamsV220 f;
    f.mSize = f.nSize = f.srcStride = n, f.dstStride = n;
    Fixpipe(out, l0c<C>(), f);
  });
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < n; ++j)
      EXPECT_EQ(static_cast<double>(z[static_cast<std::size_t>(i * n + j)]), value_b(i, j)) << i << ' ' << j;
  }
}
TEST(Cube, BlocksTurnedAround) {
  COVERS("LoadDataWithTranspose", "LoadData2dTransposeParams");
  expect_turned<half, float>();
  expect_turned<std::int8_t, std::int32_t>();
  expect_turned<float, float>();
}

// A convolution as a product: 16 channels of 6 x 5, a filter of 3 x 2 with strides, dilation and padding.
TEST(Cube, FeatureMapsUnrolled) {
  COVERS("LoadData3DParamsV2", "LoadData3DParamsV2Pro", "SetFmatrix", "FmatrixMode", "FMATRIX_LEFT",
         "FMATRIX_RIGHT", "SetLoadDataPaddingValue", "IsResetLoad3dConfig", "SetLoadDataBoundary");
  constexpr int kH = 6, kW = 5, kC = 16, kFh = 3, kFw = 2, kPadL = 1, kPadR = 0, kPadT = 2, kPadB = 1,
                kSw = 1, kSh = 2, kDw = 2;
  constexpr int kOw = (kW + kPadL + kPadR - ((kFw - 1) * kDw + 1)) / kSw + 1,
                kOh = (kH + kPadT + kPadB - kFh) / kSh + 1;
  constexpr int kM = kOw * kOh, kK = kC * kFh * kFw, kM1 = (kM + 15) / 16, kPad = 3;
  const auto x = [](int h, int w, int c) { return (h * 5 + w * 3 + c) % 9 - 4.0; };
  std::vector<half> in;
  for (int i = 0; i < kH * kW * kC; ++i)
    in.push_back(static_cast<half>(static_cast<float>(x(i / kC / kW, i / kC % kW, i % kC))));
  const std::size_t weights = in.size();
  for (int f = 0; f < kK / 16; ++f) {
    for (int e = 0; e < 256; ++e)
      in.push_back(static_cast<half>(static_cast<float>(value_b(f * 16 + e % 16, e / 16))));
  }
  static constexpr IsResetLoad3dConfig kSetBefore = {false, false};
  for (int form = 0; form < 3; ++form) {
    const auto z = on_cube_core<half, float>(in, kM * 16, [&](auto g, auto out) {
      DataCopy(l1<half>(0), g, static_cast<std::uint32_t>(in.size()));
      PipeBarrier<PIPE_ALL>();
      LoadData3DParamsV2<half> p;
      const std::uint8_t pads[4] = {kPadL, kPadR, kPadT, kPadB};
      for (int i = 0; i < 4; ++i) p.padList[i] = pads[i];
      p.l1H = kH, p.l1W = kW, p.channelSize = kC, p.kExtension = kK, p.mExtension = kM1 * 16;
      p.strideW = kSw, p.strideH = kSh, p.filterW = kFw, p.filterH = kFh, p.dilationFilterW = kDw;
      p.padValue = half(static_cast<float>(kPad));
      SetLoadDataBoundary(0);
      SetFmatrix(kH, kW, pads, form == 2 ? FmatrixMode::FMATRIX_RIGHT : FmatrixMode::FMATRIX_LEFT);
      SetLoadDataPaddingValue(half(static_cast<float>(kPad)));
      if (form == 0) {
        LoadData(l0a<half>(), l1<half>(0), p);
      } else if (form == 1) {
        p.l1H = p.l1W = 0, p.padValue = half(0.0f);
        LoadData<half, kSetBefore>(l0a<half>(), l1<half>(0), p);
      } else {
        LoadData3DParamsV2Pro q;
        q.channelSize = kC, q.fMatrixCtrl = true;
        q.extConfig = static_cast<std::uint64_t>(kM1 * 16) << 16 | kK;
        q.filterConfig = kSw | kSh << 8 | kFw << 16 | kFh << 24 | static_cast<std::uint64_t>(kDw) << 32 |
                         std::uint64_t{1} << 40;
        LoadData(l0a<half>(), l1<half>(0), q);
      }
      LoadData(l0b<half>(), l1<half>(static_cast<std::uint32_t>(weights * 2)), fractals(kK / 16));
      PipeBarrier<PIPE_ALL>();
      Mmad(l0c<float>(), l0a<half>(), l0b<half>(), product(kM, 16, kK));
      PipeBarrier<PIPE_ALL>();
      FixpipeParamsV220 f;
      f.mSize = kM, f.nSize = 16, f.srcStride = kM1 * 16, f.dstStride = 16;
      Fixpipe(out, l0c<float>(), f);
    });
    for (int m = 0; m < kM; ++m) {
      for (int j = 0; j < 16; ++j) {
        double sum = 0;
        for (int t = 0; t < kFh * kFw; ++t) {
          const int h = m / kOw * kSh - kPadT + t / kFw, w = m % kOw * kSw - kPadL + t % kFw * kDw;
          const bool inside = h >= 0 && h < kH && w >= 0 && w < kW;
          for (int c = 0; c < kC; ++c) sum += (inside ? x(h, w, c) : kPad) * value_b(t * 16 + c, j);
        }
        EXPECT_EQ(z[static_cast<std::size_t>(m * 16 + j)], sum) << form << ' ' << m << ' ' << j;
      }
    }
  }
}

TEST(Cube, FractalsStraightFromDeviceMemory) {
  COVERS("LoadData", "DataCopyEnhancedParams", "BlockMode", "DeqScale");
  std::vector<half> in;
  for (int i = 0; i < 3 * 256; ++i) in.push_back(static_cast<half>(static_cast<float>(i % 97)));
  const auto z = on_cube_core<half, half>(in, 512, [&](auto g, auto out) {
    LoadData2DParams p = fractals(2);
    p.srcStride = 2;
    LoadData(l1<half>(0), g, p);
    PipeBarrier<PIPE_ALL>();
    DataCopy(out, l1<half>(0), DataCopyParams(1, 32, 0, 0), DataCopyEnhancedParams());
  });
  for (std::size_t i = 0; i < 512; ++i) EXPECT_EQ(z[i], in[i / 256 * 512 + i % 256]);
  EXPECT_EQ(error_code(KernelType::aic,
                       [] {
                         DataCopyEnhancedParams p;
                         p.blockMode = BlockMode::BLOCK_MODE_MATRIX;
                         p.deqScale = DeqScale::DEQ;
                         DataCopy(l1<half>(0), l1<half>(32), DataCopyParams(1, 1, 0, 0), p);
                       }),
            "ascendc.type");
}

// Of every four rows of B two are other than zero, the nth of them at every place it may be.
TEST(Cube, RowsThatAreMostlyZeroAreSkipped) {
  COVERS("LoadDataWithSparse", "MmadWithSparse");
  constexpr int kM = 20, kN = 32, kK = 128, kHalf = kK / 2;
  constexpr int kPairs[6][2] = {{0, 1}, {0, 2}, {0, 3}, {1, 2}, {1, 3}, {2, 3}};
  std::vector<double> b(kK * kN);
  std::vector<std::int8_t> in;
  const auto a = [](int i, int k) { return (i * 7 + k * 3) % 11 - 5; };
  for (int f = 0; f < 2 * kK / 32; ++f) {  // A: fractals of 16 x 32 by rows
    for (int e = 0; e < 512; ++e) {
      const int i = f / (kK / 32) * 16 + e / 32;
      in.push_back(static_cast<std::int8_t>(i < kM ? a(i, f % (kK / 32) * 32 + e % 32) : 0));
    }
  }
  const std::size_t stored = in.size();
  std::vector<std::uint8_t> indices(kHalf * kN / 4);
  for (int f = 0; f < kHalf / 32 * 2;
       ++f) {  // B: fractals of 32 stored rows x 16 columns, by rows of fractals
    for (int e = 0; e < 512; ++e) {
      const int j = f % 2 * 16 + e / 32, x = f / 2 * 32 + e % 32, group = x / 2;
      const int* pair = kPairs[(j + group) % 6];
      const int value = (x * 5 + j * 3) % 13 - 6;
      b[static_cast<std::size_t>((group * 4 + pair[x % 2]) * kN + j)] = value;
      in.push_back(static_cast<std::int8_t>(value));
      indices[static_cast<std::size_t>(f * 512 + e) / 4] |=
          static_cast<std::uint8_t>((pair[x % 2] - x % 2) << (e % 4 * 2));
    }
  }
  const std::size_t index = in.size();
  for (const std::uint8_t i : indices) in.push_back(static_cast<std::int8_t>(i));
  const auto z = on_cube_core<std::int8_t, std::int32_t>(in, kM * kN, [&](auto g, auto out) {
    DataCopy(l1<std::int8_t>(0), g, static_cast<std::uint32_t>(in.size()));
    PipeBarrier<PIPE_ALL>();
    LoadData(l0a<std::int8_t>(), l1<std::int8_t>(0), fractals(2 * kK / 32));
    LoadDataWithSparse(l0b<std::int8_t>(), l1<std::int8_t>(static_cast<std::uint32_t>(stored)),
                       l1<std::uint8_t>(static_cast<std::uint32_t>(index)), fractals(kHalf / 32 * 2));
    PipeBarrier<PIPE_ALL>();
    MmadWithSparse(l0c<std::int32_t>(), l0a<std::int8_t>(), l0b<std::int8_t>(), product(kM, kN, kK));
    PipeBarrier<PIPE_M>();
    MmadParams again = product(kM, kN, kK);
    again.cmatrixInitVal = false;
    MmadWithSparse(l0c<std::int32_t>(), l0a<std::int8_t>(), l0b<std::int8_t>(), again);
    PipeBarrier<PIPE_ALL>();
    FixpipeParamsV220 f;
    f.mSize = kM, f.nSize = kN, f.srcStride = 32, f.dstStride = kN;
    Fixpipe(out, l0c<std::int32_t>(), f);
  });
  for (int i = 0; i < kM; ++i) {
    for (int j = 0; j < kN; ++j) {
      double sum = 0;
      for (int k = 0; k < kK; ++k) sum += a(i, k) * b[static_cast<std::size_t>(k * kN + j)];
      EXPECT_EQ(z[static_cast<std::size_t>(i * kN + j)], 2 * sum) << i << ' ' << j;
    }
  }
}

// A matrix of 32 positions x 48 channels, loaded turned around, is the left operand of 48 rows.
TEST(Cube, FeatureMapsTurnedAround) {
  COVERS("LoadData3DParamsV2");
  constexpr int kP = 32, kC = 48;
  std::vector<half> in;
  for (int c1 = 0; c1 < kC / 16; ++c1) {  // NC1HWC0
    for (int e = 0; e < kP * 16; ++e)
      in.push_back(static_cast<half>(static_cast<float>(value_a(e / 16, c1 * 16 + e % 16))));
  }
  const std::size_t right = in.size();
  for (int f = 0; f < kP / 16; ++f) {
    for (int e = 0; e < 256; ++e)
      in.push_back(static_cast<half>(static_cast<float>(value_b(f * 16 + e % 16, e / 16))));
  }
  LoadData3DParamsV2<half> p;
  p.l1H = 1, p.l1W = kP, p.channelSize = kC, p.kExtension = kC, p.mExtension = kP;
  p.enTranspose = true;
  const auto z = on_cube_core<half, float>(in, kC * 16, [&](auto g, auto out) {
    DataCopy(l1<half>(0), g, static_cast<std::uint32_t>(in.size()));
    PipeBarrier<PIPE_ALL>();
    LoadData(l0a<half>(), l1<half>(0), p);
    LoadData(l0b<half>(), l1<half>(static_cast<std::uint32_t>(right * 2)), fractals(kP / 16));
    PipeBarrier<PIPE_ALL>();
    Mmad(l0c<float>(), l0a<half>(), l0b<half>(), product(kC, 16, kP));
    PipeBarrier<PIPE_ALL>();
    FixpipeParamsV220 f;
    f.mSize = kC, f.nSize = 16, f.srcStride = kC, f.dstStride = 16;
    Fixpipe(out, l0c<float>(), f);
  });
  for (int i = 0; i < kC; ++i) {
    for (int j = 0; j < 16; ++j) {
      double sum = 0;
      for (int k = 0; k < kP; ++k) sum += value_a(k, i) * value_b(k, j);
      EXPECT_EQ(z[static_cast<std::size_t>(i * 16 + j)], sum) << i << ' ' << j;
    }
  }
  EXPECT_EQ(error_code(KernelType::aic,
                       [] {
                         LoadData3DParamsV2<std::int8_t> bytes;
                         bytes.l1H = 1, bytes.l1W = 32, bytes.channelSize = 32, bytes.kExtension = 32;
                         bytes.mExtension = 32, bytes.enTranspose = true;
                         LoadData(l0a<std::int8_t>(), l1<std::int8_t>(0), bytes);
                       }),
            "ascendc.type");
}

// The compiler's own functions: a product, its channels scaled by what lies in the FixPipe buffer.
TEST(Cube, RawProductsAndScales) {
  COVERS("mad", "copy_cbuf_to_fbuf", "set_nd_para", "set_padding");
  constexpr int kN = 16, kK = 32;
  std::vector<std::int8_t> in;
  for (int e = 0; e < 512; ++e) in.push_back(static_cast<std::int8_t>(value_a(e / 32, e % 32)));
  for (int e = 0; e < 512; ++e) in.push_back(static_cast<std::int8_t>(value_b(e % 32, e / 32)));
  for (int j = 0; j < 2 * kN; ++j) {  // two matrices of scales; 256 bytes, two units
    const float scale = 0.25f * static_cast<float>(j % kN + 1);
    std::uint64_t bits = 0;
    std::memcpy(&bits, &scale, 4);
    for (int x = 0; x < 8; ++x) in.push_back(static_cast<std::int8_t>(bits >> (8 * x)));
  }
  const auto z = on_cube_core<std::int8_t, half>(in, 2 * 16 * kN, [&](auto g, auto out) {
    DataCopy(l1<std::int8_t>(0), g, static_cast<std::uint32_t>(in.size()));
    PipeBarrier<PIPE_ALL>();
    set_padding(0);
    set_nd_para(2 | 1ull << 16 | std::uint64_t{16 * kN} << 32);
    LoadData(l0a<std::int8_t>(), l1<std::int8_t>(0), fractals(1));
    LoadData(l0b<std::int8_t>(), l1<std::int8_t>(512), fractals(1));
    const auto at = [](std::uint32_t byte) { return reinterpret_cast<void*>(std::uintptr_t{byte}); };
    copy_cbuf_to_fbuf(at(0), at(1024), 1, 2, 0, 0);
    PipeBarrier<PIPE_ALL>();
    const auto c = [&](std::uint32_t byte) { return static_cast<std::int32_t*>(at(byte)); };
    mad(c(0), static_cast<std::int8_t*>(at(0)), static_cast<std::int8_t*>(at(0)), 16, kK, kN, 0, false, false,
        true);
    mad(c(1024), static_cast<std::int8_t*>(at(0)), static_cast<std::int8_t*>(at(0)), 16, kK, kN, 0, false,
        false, true);
    PipeBarrier<PIPE_M>();
    mad(c(1024), static_cast<std::int8_t*>(at(0)), static_cast<std::int8_t*>(at(0)), 16, kK, kN, 0, false,
        false, false);
    PipeBarrier<PIPE_ALL>();
    SetFixPipeConfig(LocalTensor<std::uint64_t>(TPosition::C2PIPE2GM, 0, 0));
    DataCopyCO12DstParams p(kN, 16, kN, 16, VDEQF16, 0, false, true);
    DataCopy(out, l0c<std::int32_t>(), p);
  });
  for (int i = 0; i < 16; ++i) {
    for (int j = 0; j < kN; ++j) {
      double sum = 0;
      for (int k = 0; k < kK; ++k) sum += value_a(i, k) * value_b(k, j);
      const auto expected = static_cast<float>(half(static_cast<float>(sum * 0.25 * (j + 1))));
      const auto twice = static_cast<float>(half(static_cast<float>(2 * sum * 0.25 * (j + 1))));
      EXPECT_EQ(static_cast<float>(z[static_cast<std::size_t>(i * kN + j)]), expected) << i << ' ' << j;
      EXPECT_EQ(static_cast<float>(z[static_cast<std::size_t>((16 + i) * kN + j)]), twice) << i << ' ' << j;
    }
  }
  EXPECT_EQ(error_code(KernelType::aic, [] { set_padding(7); }), "ascendc.unsupported");
}

// Into the bias table lengths count 64 bytes.
TEST(Cube, LengthsOfTheBiasTable) {
  COVERS("C2", "DataCopyParams");
  std::vector<float> in(160, 1.0f);
  for (int j = 0; j < 32; ++j) in[static_cast<std::size_t>(j)] = static_cast<float>(j) * 0.5f - 3;
  const auto z = on_cube_core<float, float>(in, 16 * 32, [&](auto g, auto out) {
    DataCopy(l1<float>(0), g, 160);
    InitConstValueParams<float> ones;
    ones.repeatTimes = 1, ones.blockNum = 1, ones.initValue = 1.0f;
    InitConstValue(l0a<float>(), ones);
    ones.blockNum = 2;
    InitConstValue(l0b<float>(), ones);
    PipeBarrier<PIPE_ALL>();
    DataCopy(LocalTensor<float>(TPosition::C2, 0, 0), LocalTensor<float>(TPosition::C1, 0, 0),
             DataCopyParams(1, 2, 0, 0));
    PipeBarrier<PIPE_ALL>();
    Mmad(l0c<float>(), l0a<float>(), l0b<float>(), LocalTensor<float>(TPosition::C2, 0, 0),
         product(16, 32, 8));
    PipeBarrier<PIPE_ALL>();
    FixpipeParamsV220 f;
    f.mSize = 16, f.nSize = 32, f.srcStride = 16, f.dstStride = 32;
    Fixpipe(out, l0c<float>(), f);
  });
  for (std::size_t i = 0; i < 16 * 32; ++i) EXPECT_EQ(z[i], 8 + static_cast<double>(i % 32) * 0.5 - 3) << i;
}

}  // namespace
}  // namespace etalon::ascendc
