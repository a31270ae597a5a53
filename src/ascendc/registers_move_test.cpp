// SPDX-License-Identifier: Apache-2.0
// Register-based vector code of the 950: ways between UB and registers, masks, rearrangements, reductions.
#include "ascendc/covers_for_test.h"
#include "ascendc/registers_for_test.h"

namespace etalon::ascendc {
namespace {

using namespace AscendC;
using namespace AscendC::MicroAPI;

// The golden of a way to load: element i of the register, as 32-bit words or halves.
template <class T, LoadDist dist>
void expect_load(const std::function<std::size_t(std::size_t)>& source, std::size_t step = 1) {
  const auto in = numbers<T>(1024 / sizeof(T), 1, 100);
  const std::size_t lanes = 256 / sizeof(T);
  const auto out = on_registers<T, T>(in, lanes, [] {
    __VEC_SCOPE__ {
      RegTensor<T> a;
      MaskReg all = CreateMask<T>();
      T* p = ub_address<T>(64);
      MicroAPI::DataCopy<T, PostLiteral::POST_MODE_UPDATE, dist>(a, p, 8);
      if (p == ub_address<T>(64 + 8 * sizeof(T))) StoreAlign(ub_address<T>(kOut), a, all);
    }
  });
  for (std::size_t i = 0; i < lanes; ++i)
    ASSERT_EQ(real(out[i]), i % step == 0 ? real(in[64 / sizeof(T) + source(i / step)]) : 0.0)
        << static_cast<int>(dist) << ' ' << i;
}

TEST(Registers, WaysToLoad) {
  COVERS_ON("dav-3510", "DIST_BRC_B8", "DIST_BRC_B16", "DIST_BRC_B32", "DIST_US_B8", "DIST_US_B16",
            "DIST_DS_B8", "DIST_DS_B16", "DIST_UNPACK_B8", "DIST_UNPACK_B16", "DIST_UNPACK_B32",
            "DIST_UNPACK4_B8", "DIST_BLK", "DIST_E2B_B16", "DIST_E2B_B32", "LoadDist", "PostLiteral",
            "POST_MODE_UPDATE");
  const auto zero = [](std::size_t) { return 0u; };
  const auto same = [](std::size_t i) { return i; };
  const auto half_of = [](std::size_t i) { return i / 2; };
  const auto twice = [](std::size_t i) { return 2 * i; };
  expect_load<float, LoadDist::DIST_NORM>(same);
  expect_load<std::uint8_t, LoadDist::DIST_BRC_B8>(zero);
  expect_load<half, LoadDist::DIST_BRC_B16>(zero);
  expect_load<float, LoadDist::DIST_BRC_B32>(zero);
  expect_load<std::uint8_t, LoadDist::DIST_US_B8>(half_of);
  expect_load<half, LoadDist::DIST_US_B16>(half_of);
  expect_load<std::uint8_t, LoadDist::DIST_DS_B8>(twice);
  expect_load<half, LoadDist::DIST_DS_B16>(twice);
  expect_load<std::uint8_t, LoadDist::DIST_UNPACK_B8>(same, 2);
  expect_load<half, LoadDist::DIST_UNPACK_B16>(same, 2);
  expect_load<float, LoadDist::DIST_UNPACK_B32>(same, 2);
  expect_load<std::uint8_t, LoadDist::DIST_UNPACK4_B8>(same, 4);
  expect_load<float, LoadDist::DIST_BLK>([](std::size_t i) { return i % 8; });
  expect_load<half, LoadDist::DIST_E2B_B16>([](std::size_t i) { return i / 16; });
  expect_load<float, LoadDist::DIST_E2B_B32>([](std::size_t i) { return i / 8; });
}

TEST(Registers, WaysToStore) {
  COVERS_ON("dav-3510", "StoreDist", "DIST_FIRST_ELEMENT_B32", "DIST_FIRST_ELEMENT_B16",
            "DIST_FIRST_ELEMENT_B8", "DIST_PACK_B16", "DIST_PACK_B32", "DIST_PACK_B64", "DIST_PACK4_B32",
            "DIST_NORM_B8", "DIST_NORM_B16", "DIST_NORM_B32");
  const auto in = numbers<std::uint8_t>(256, 0, 256);
  const auto out = on_registers<std::uint8_t, std::uint8_t>(in, 2048, [] {
    __VEC_SCOPE__ {
      RegTensor<std::uint8_t> a;
      LoadAlign(a, ub_address<std::uint8_t>(0));
      MaskReg all = CreateMask<std::uint8_t>(), half_of_them = CreateMask<std::uint32_t, MaskPattern::H>();
      std::uint8_t* to = ub_address<std::uint8_t>(kOut);
      StoreAlign<std::uint8_t, StoreDist::DIST_FIRST_ELEMENT_B8>(to + 1, a, all);
      StoreAlign<std::uint8_t, StoreDist::DIST_FIRST_ELEMENT_B16>(to + 2, a, all);
      StoreAlign<std::uint8_t, StoreDist::DIST_FIRST_ELEMENT_B32>(to + 4, a, all);
      StoreAlign<std::uint8_t, StoreDist::DIST_PACK_B16>(to + 256, a, all);
      StoreAlign<std::uint8_t, StoreDist::DIST_PACK_B32>(to + 512, a, half_of_them);
      StoreAlign<std::uint8_t, StoreDist::DIST_PACK_B64>(to + 768, a, all);
      StoreAlign<std::uint8_t, StoreDist::DIST_PACK4_B32>(to + 1024, a, all);
      StoreAlign<std::uint8_t, StoreDist::DIST_NORM_B32>(to + 1280, a, half_of_them);
      StoreAlign<std::uint8_t, StoreDist::DIST_NORM_B16>(to + 1536, a,
                                                         CreateMask<std::uint16_t, MaskPattern::VL32>());
      StoreAlign<std::uint8_t, StoreDist::DIST_NORM_B8>(to + 1792, a,
                                                        CreateMask<std::uint8_t, MaskPattern::M4>());
    }
  });
  const auto at = [&](std::size_t i) { return out[i]; };
  EXPECT_EQ(at(1), in[0]);
  EXPECT_EQ(at(2), in[0]);
  EXPECT_EQ(at(3), in[1]);
  EXPECT_EQ(at(7), in[3]);
  EXPECT_EQ(at(8), 0);
  for (std::size_t i = 0; i < 128; ++i) {
    EXPECT_EQ(at(256 + i), in[2 * i]);
    EXPECT_EQ(at(512 + i), i < 64 ? in[i / 2 * 4 + i % 2] : 0);
    EXPECT_EQ(at(768 + i), in[i / 4 * 8 + i % 4]);
    EXPECT_EQ(at(1024 + i), i < 64 ? in[4 * i] : 0);
    EXPECT_EQ(at(1280 + i), in[i]);
    EXPECT_EQ(at(1280 + 128 + i), 0);
    EXPECT_EQ(at(1536 + i), i < 64 ? in[i] : 0);
    EXPECT_EQ(at(1792 + i), i % 4 == 0 ? in[i] : 0);
  }
}

TEST(Registers, TwoRegistersAtATime) {
  COVERS_ON("dav-3510", "DIST_DINTLV_B8", "DIST_DINTLV_B16", "DIST_DINTLV_B32", "DIST_INTLV_B8",
            "DIST_INTLV_B16", "DIST_INTLV_B32");
  const auto in = numbers<float>(128, -9, 9);
  const auto out = on_registers<float, float>(in, 4 * 128, [] {
    __VEC_SCOPE__ {
      RegTensor<float> even, odd, low, high;
      MaskReg all = CreateMask<float>(), bytes = CreateMask<std::uint8_t>(), halves = CreateMask<half>();
      LoadAlign<float, LoadDist::DIST_DINTLV_B32>(even, odd, ub_address<float>(0));
      StoreAlign(ub_address<float>(kOut), even, all);
      StoreAlign(ub_address<float>(kOut), odd, 64, all);
      StoreAlign<float, StoreDist::DIST_INTLV_B32>(ub_address<float>(kOut + 512), even, odd, all);
      LoadAlign<float, LoadDist::DIST_DINTLV_B16>(low, high, ub_address<float>(0));
      StoreAlign<float, StoreDist::DIST_INTLV_B16>(ub_address<float>(kOut + 1024), low, high, halves);
      LoadAlign<float, LoadDist::DIST_DINTLV_B8>(low, high, ub_address<float>(0));
      StoreAlign<float, StoreDist::DIST_INTLV_B8>(ub_address<float>(kOut + 1536), low, high, bytes);
    }
  });
  for (std::size_t i = 0; i < 64; ++i) {
    EXPECT_EQ(out[i], in[2 * i]);
    EXPECT_EQ(out[64 + i], in[2 * i + 1]);
  }
  for (std::size_t i = 0; i < 128; ++i) {
    EXPECT_EQ(out[128 + i], in[i]);
    EXPECT_EQ(out[256 + i], in[i]);
    EXPECT_EQ(out[384 + i], in[i]);
  }
}

TEST(Registers, BlocksOfAFractalColumn) {
  COVERS_ON("dav-3510", "DataCopyMode", "DATA_BLOCK_COPY");
  const auto in = numbers<half>(512, -9, 9);
  const auto out = on_registers<half, half>(in, 512, [] {
    __VEC_SCOPE__ {
      RegTensor<half> a;
      MaskReg all = CreateMask<half>();
      half* from = ub_address<half>(0);
      half* to = ub_address<half>(kOut);
      for (int i = 0; i < 2; ++i) {
        LoadAlign<half, DataCopyMode::DATA_BLOCK_COPY, PostLiteral::POST_MODE_UPDATE>(a, from, 2, 1, all);
        StoreAlign<half, DataCopyMode::DATA_BLOCK_COPY, PostLiteral::POST_MODE_UPDATE>(to, a, 1, 8, all);
      }
    }
  });
  for (std::size_t i = 0; i < 2; ++i) {
    for (std::size_t b = 0; b < 8; ++b) {
      for (std::size_t e = 0; e < 16; ++e)
        EXPECT_EQ(real(out[i * 128 + b * 16 + e]), real(in[(b * 2 + i) * 16 + e])) << i << ' ' << b;
    }
  }
}

TEST(Registers, MasksOfComparisonsSelect) {
  COVERS_ON("dav-3510", "Pack", "UnPack", "HighLowPart", "LOWEST");
  const auto in = numbers<float>(256 + 64, -9, 9);
  const auto out = on_registers<float, float>(in, 192, [] {
    __VEC_SCOPE__ {
      RegTensor<float> a, b, c;
      MaskReg all = CreateMask<float>(), less, small, both;
      LoadAlign(a, ub_address<float>(0));
      LoadAlign(b, ub_address<float>(kSecond));
      MicroAPI::Compare<float, CMPMODE::LT>(less, a, b, all);
      MicroAPI::Select(c, a, b, less);
      StoreAlign(ub_address<float>(kOut), c, all);
      CompareScalar<float, CMPMODE::GE>(small, a, 2.0f, all);
      MaskAnd(both, small, less, all);
      MicroAPI::Duplicate(c, 0.0f);
      Adds<float, MaskMergeMode::MERGING>(c, a, 0.0f, both);
      StoreAlign(ub_address<float>(kOut + 256), c, all);
      // Through masks of half the width and back.
      MaskReg packed, back;
      Pack<HighLowPart::LOWEST>(packed, less);
      UnPack<HighLowPart::LOWEST>(back, packed);
      MicroAPI::Select(c, a, b, back);
      StoreAlign(ub_address<float>(kOut + 512), c, all);
    }
  });
  for (std::size_t i = 0; i < 64; ++i) {
    const float a = in[i], b = in[256 + i];
    EXPECT_EQ(out[i], std::min(a, b));
    EXPECT_EQ(out[64 + i], a >= 2 && a < b ? a : 0);
    EXPECT_EQ(out[128 + i], std::min(a, b));
  }
}

TEST(Registers, Reductions) {
  COVERS_ON("dav-3510", "Reduce", "ReduceType", "SUM", "PairReduceElem");
  const auto in = numbers<float>(64, -9, 9);
  const auto out = on_registers<float, float>(in, 6 * 64, [] {
    __VEC_SCOPE__ {
      RegTensor<float> a, r;
      std::uint32_t left = 50;
      MaskReg mask = UpdateMask<float>(left), all = CreateMask<float>();
      LoadAlign(a, ub_address<float>(0));
      float* to = ub_address<float>(kOut);
      MicroAPI::Reduce<ReduceType::SUM>(r, a, mask);
      StoreAlign(to, r, all);
      MicroAPI::ReduceMax(r, a, mask);
      StoreAlign(to + 64, r, all);
      MicroAPI::Reduce<ReduceType::MIN>(r, a, mask);
      MicroAPI::Duplicate(r, r, all);
      StoreAlign(to + 128, r, all);
      MicroAPI::ReduceDataBlock<ReduceType::MAX>(r, a, mask);
      StoreAlign(to + 192, r, all);
      MicroAPI::PairReduceElem<ReduceType::SUM>(r, a, mask);
      StoreAlign(to + 256, r, all);
      MicroAPI::ReduceSumWithDataBlock(r, a, mask);
      StoreAlign(to + 320, r, all);
    }
  });
  double sum = 0, most = -100, least = 100;
  std::size_t where = 0;
  for (std::size_t i = 0; i < 50; ++i) {
    sum += static_cast<double>(in[i]);
    if (static_cast<double>(in[i]) > most) most = static_cast<double>(in[i]), where = i;
    least = std::min(least, static_cast<double>(in[i]));
  }
  EXPECT_NEAR(static_cast<double>(out[0]), sum, 1e-4);
  EXPECT_EQ(static_cast<double>(out[64]), most);
  EXPECT_EQ(__builtin_bit_cast(std::uint32_t, out[65]), where);
  for (std::size_t i = 0; i < 64; ++i) EXPECT_EQ(static_cast<double>(out[128 + i]), least);
  for (std::size_t b = 0; b < 8; ++b) {
    double block = -100, total = 0;
    for (std::size_t e = b * 8; e < std::min<std::size_t>(b * 8 + 8, 50); ++e)
      block = std::max(block, static_cast<double>(in[e])), total += static_cast<double>(in[e]);
    EXPECT_EQ(static_cast<double>(out[192 + b]), b < 7 ? block : 0);
    EXPECT_NEAR(static_cast<double>(out[320 + b]), total, 1e-5);
  }
  for (std::size_t i = 0; i < 25; ++i) EXPECT_EQ(out[256 + i], in[2 * i] + in[2 * i + 1]);
}

TEST(Registers, Rearrangements) {
  COVERS_ON("dav-3510", "IndexOrder", "DECREASE_ORDER", "StoreUnAlign", "StoreUnAlignPost", "LoadUnAlign",
            "LoadUnAlignPre", "UnalignReg", "CreateAddrReg");
  const auto in = numbers<float>(128, -9, 9);
  const auto out = on_registers<float, float>(in, 10 * 64, [] {
    __VEC_SCOPE__ {
      RegTensor<float> a, b, x, y;
      RegTensor<std::int32_t> index;
      MaskReg all = CreateMask<float>();
      float* to = ub_address<float>(kOut);
      LoadAlign(a, ub_address<float>(0));
      LoadAlign(b, ub_address<float>(0), CreateAddrReg<float>(1, 64));
      MicroAPI::Interleave(x, y, a, b);
      StoreAlign(to, x, all);
      StoreAlign(to + 64, y, all);
      MicroAPI::DeInterleave(x, y, x, y);
      StoreAlign(to + 128, x, all);
      StoreAlign(to + 192, y, all);
      MicroAPI::Arange<std::int32_t, IndexOrder::DECREASE_ORDER>(index, 0);
      MicroAPI::Gather(x, a, index);
      StoreAlign(to + 256, x, all);
      MicroAPI::Gather(y, ub_address<float>(0), (RegTensor<std::uint32_t>&)index, all);
      StoreAlign(to + 320, y, all);
      MicroAPI::Scatter(to + 384, a, (RegTensor<std::uint32_t>&)index, all);
      MaskReg positive;
      CompareScalar<float, CMPMODE::GT>(positive, a, 0.0f, all);
      MicroAPI::Squeeze<float, GatherMaskMode::STORE_REG>(x, a, positive);
      StoreAlign(to + 448, x, all);
      UnalignReg state;
      float* behind = to + 513;
      StoreUnAlign(behind, a, state, 5);
      StoreUnAlign(behind, b, state, 3);
      StoreUnAlignPost(behind, state, 0);
      float* from = ub_address<float>(12);
      LoadUnAlignPre(state, from);
      LoadUnAlign(x, state, from, 64);
      Adds(x, x, 0.0f, all);
      StoreAlign(to + 576, x, all);
    }
  });
  std::vector<float> kept;
  for (std::size_t i = 0; i < 64; ++i) {
    EXPECT_EQ(out[2 * i], in[i]);
    EXPECT_EQ(out[2 * i + 1], in[64 + i]);
    EXPECT_EQ(out[128 + i], in[i]);
    EXPECT_EQ(out[192 + i], in[64 + i]);
    EXPECT_EQ(out[256 + i], in[63 - i]);
    EXPECT_EQ(out[320 + i], in[63 - i]);
    EXPECT_EQ(out[384 + i], in[63 - i]);
    EXPECT_EQ(out[576 + i], in[3 + i]);
    if (in[i] > 0) kept.push_back(in[i]);
  }
  for (std::size_t i = 0; i < 64; ++i) EXPECT_EQ(out[448 + i], i < kept.size() ? kept[i] : 0);
  for (std::size_t i = 0; i < 8; ++i) EXPECT_EQ(out[513 + i], i < 5 ? in[i] : in[64 + i - 5]);
  EXPECT_EQ(out[512], 0);
  EXPECT_EQ(out[521], 0);
}

TEST(Registers, HistogramsGrow) {
  COVERS_ON("dav-3510", "Histograms", "HistogramsBinType", "HistogramsType", "BIN0", "BIN1", "FREQUENCY",
            "ACCUMULATE", "VL128");
  const auto in = numbers<std::uint8_t>(256, 0, 256);
  const auto out = on_registers<std::uint8_t, std::uint16_t>(in, 256, [] {
    __VEC_SCOPE__ {
      RegTensor<std::uint8_t> a;
      RegTensor<std::uint16_t> low, high;
      MaskReg half_of_them = CreateMask<std::uint8_t, MaskPattern::VL128>(), all = CreateMask<std::uint8_t>();
      LoadAlign(a, ub_address<std::uint8_t>(0));
      MicroAPI::Duplicate(low, std::uint16_t{5});
      Histograms<std::uint8_t, std::uint16_t, HistogramsBinType::BIN0, HistogramsType::FREQUENCY>(
          low, a, half_of_them);
      Histograms<std::uint8_t, std::uint16_t, HistogramsBinType::BIN1, HistogramsType::ACCUMULATE>(high, a,
                                                                                                   all);
      StoreAlign(ub_address<std::uint16_t>(kOut), low, all);
      StoreAlign(ub_address<std::uint16_t>(kOut + 256), high, all);
    }
  });
  for (int v = 0; v < 128; ++v) {
    EXPECT_EQ(out[static_cast<std::size_t>(v)], 5 + std::count(in.begin(), in.begin() + 128, v));
    EXPECT_EQ(out[static_cast<std::size_t>(128 + v)],
              std::count_if(in.begin(), in.end(), [&](int x) { return x <= 128 + v; }));
  }
}

}  // namespace
}  // namespace etalon::ascendc
