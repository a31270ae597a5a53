// SPDX-License-Identifier: Apache-2.0
// The scalar unit: which core this is, its numbers and bits, device memory and atomic transfers, meetings of
// cores.
#include <cmath>

#include "ascendc/acl/include/acl/acl_base.h"
#include "ascendc/covers_for_test.h"
#include "ascendc/test_core.h"

namespace etalon::ascendc {
namespace {

using namespace AscendC;

// Runs device code that sets `out` on `blocks` cores; device memory begins as zeros.
template <class T>
std::vector<T> on_cores(KernelType type, int blocks, std::size_t elements,
                        const std::function<void(GlobalTensor<T>&)>& code) {
  TestDevice device;
  T* memory = device.allocate_of<T>(static_cast<std::int64_t>(elements), 0, Content::control);
  const auto result = run(device, type, blocks, [&] {
    GlobalTensor<T> g;
    g.SetGlobalBuffer(memory, elements);
    code(g);
  });
  EXPECT_TRUE(result.has_value()) << result.error().text();
  return std::vector<T>(memory, memory + elements);
}

TEST(Scalar, CoresKnowWhichTheyAre) {
  COVERS("GetBlockIdx", "GetBlockNum", "GetSubBlockIdx", "GetSubBlockNum", "GetTaskRation", "GetTaskRatio",
         "get_block_idx", "get_block_num", "get_subblockid", "get_subblockdim", "block_idx", "block_num");
  const auto z = on_cores<std::int32_t>(KernelType::mix_1_2, 3, 64, [](auto& g) {
    if ASCEND_IS_AIC
      return;
    const auto me = static_cast<std::uint64_t>(GetBlockIdx()) * 8;
    g.SetValue(me, static_cast<std::int32_t>(GetBlockNum()));
    g.SetValue(me + 1, static_cast<std::int32_t>(GetSubBlockIdx()));
    g.SetValue(me + 2, static_cast<std::int32_t>(GetSubBlockNum()));
    g.SetValue(me + 3, static_cast<std::int32_t>(GetTaskRation() * 10 + GetTaskRatio()));
    g.SetValue(me + 4,
               static_cast<std::int32_t>(get_block_idx() * 100 + get_block_num() * 10 + get_subblockid()));
    g.SetValue(me + 5, static_cast<std::int32_t>(get_subblockdim()));
    g.SetValue(me + 6, static_cast<std::int32_t>(block_idx * 10 + block_num));
  });
  for (int i = 0; i < 6; ++i) {
    const auto* of = &z[static_cast<std::size_t>(i) * 8];
    EXPECT_EQ(of[0], 3);
    EXPECT_EQ(of[1], i % 2);
    EXPECT_EQ(of[2], 2);
    EXPECT_EQ(of[3], 22);
    EXPECT_EQ(of[4], i * 100 + 30 + i % 2);
    EXPECT_EQ(of[5], 2);
    EXPECT_EQ(of[6], i * 10 + 3);
  }
}

TEST(Scalar, NumbersAndBits) {
  COVERS("ToFloat", "ToBfloat16", "ScalarCast", "ScalarGetCountOfValue", "ScalarCountLeadingZero",
         "ScalarGetSFFValue", "CeilDivision", "CeilDiv", "DivCeil", "AlignUp", "CeilAlign", "IsSameType",
         "Conditional", "Std", "is_same", "index_sequence", "make_index_sequence", "abs", "sqrt",
         "BLOCK_CUBE", "ONE_BLK_SIZE", "ONE_REPEAT_BYTE_SIZE", "MAX_REPEAT_TIMES", "ONE_BLK_FLOAT_NUM",
         "ONE_FOURTH_DEFAULT_REPEAT_STRIDE", "DEFAULT_REPEAT_STRIDE", "DEFAULT_BLK_STRIDE", "DEFAULT_C0_SIZE",
         "GetDataBlockSizeInBytes", "TOTAL_UB_SIZE", "TOTAL_L1_SIZE", "TOTAL_L0A_SIZE", "TOTAL_L0B_SIZE");
  EXPECT_EQ(ToFloat(bfloat16_t(1.5f)), 1.5f);
  EXPECT_EQ(ToFloat(ToBfloat16(1.0039f)), 1.0f);
  EXPECT_EQ((ScalarCast<float, half, RoundMode::CAST_ODD>(2048.5f)), 2050.0f);
  EXPECT_EQ((ScalarCast<float, std::int32_t, RoundMode::CAST_FLOOR>(-2.5f)), -3);
  EXPECT_EQ((ScalarCast<float, std::int32_t, RoundMode::CAST_RINT>(2.5f)), 2);
  EXPECT_EQ((ScalarCast<float, std::int32_t, RoundMode::CAST_ROUND>(2.5f)), 3);
  EXPECT_EQ((ScalarCast<float, std::int32_t, RoundMode::CAST_CEIL>(1e12f)), 2147483647);
  for (const std::uint64_t x : {0x1ull, 0xf0ull, 0x8000000000000000ull, 0x123456789abcdefull}) {
    int ones = 0, first_one = -1, first_zero = -1, leading = 64;
    for (int i = 0; i < 64; ++i) {
      const bool on = (x >> i & 1) != 0;
      ones += on ? 1 : 0;
      if (on && first_one < 0) first_one = i;
      if (!on && first_zero < 0) first_zero = i;
      if (on) leading = 63 - i;
    }
    EXPECT_EQ(ScalarGetCountOfValue<1>(x), ones);
    EXPECT_EQ(ScalarGetCountOfValue<0>(x), 64 - ones);
    EXPECT_EQ(ScalarGetSFFValue<1>(x), first_one);
    EXPECT_EQ(ScalarGetSFFValue<0>(x), first_zero);
    EXPECT_EQ(ScalarCountLeadingZero(x), leading);
  }
  EXPECT_EQ(ScalarGetSFFValue<1>(0), -1);
  for (int n = 0; n < 70; ++n) {
    const int up = static_cast<int>(std::ceil(n / 16.0));
    EXPECT_EQ(CeilDivision(n, 16), up);
    EXPECT_EQ(CeilDiv(n, 16), up);
    EXPECT_EQ(DivCeil(n, 16), up);
    EXPECT_EQ(AlignUp(n, 16), up * 16);
    EXPECT_EQ(CeilAlign(n, 16), up * 16);
  }
  EXPECT_TRUE((IsSameType<half, half>::value && !IsSameType<half, float>::value));
  EXPECT_TRUE((Std::is_same<Conditional<true, half, float>::type, half>::value));
  EXPECT_TRUE((std::is_same_v<make_index_sequence<3>, index_sequence<0, 1, 2>>));
  EXPECT_EQ(Std::abs(-3.5f), 3.5f);
  EXPECT_EQ(Std::sqrt(2.25f), 1.5f);
  EXPECT_EQ(BLOCK_CUBE * BLOCK_CUBE * 2, 512);
  EXPECT_EQ(ONE_BLK_SIZE * DEFAULT_REPEAT_STRIDE, ONE_REPEAT_BYTE_SIZE);
  EXPECT_EQ(ONE_BLK_FLOAT_NUM * 4, static_cast<int>(GetDataBlockSizeInBytes()));
  EXPECT_EQ(DEFAULT_C0_SIZE * DEFAULT_BLK_STRIDE, 32u);
  EXPECT_EQ(MAX_REPEAT_TIMES + 1, 256);
  EXPECT_EQ(ONE_FOURTH_DEFAULT_REPEAT_STRIDE * 4, static_cast<int>(DEFAULT_REPEAT_STRIDE));
  const auto costs = test_costs();
  EXPECT_EQ(TOTAL_UB_SIZE, costs.ub_size);
  EXPECT_EQ(TOTAL_L1_SIZE, costs.l1_size);
  EXPECT_EQ(TOTAL_L0A_SIZE, costs.l0a_size);
  EXPECT_EQ(TOTAL_L0B_SIZE, costs.l0b_size);
}

// A user's own function of a name that the interface has too is the better match.
template <class T>
T CeilDiv(T a, T) {
  return a + 1000;
}
TEST(Scalar, OwnHelpersComeFirst) { EXPECT_EQ(CeilDiv(3, 2), 1003); }

TEST(Scalar, ControlRegister) {
  COVERS("SetCtrlSpr", "GetCtrlSpr", "get_ctrl", "set_ctrl");
  const auto z = on_cores<std::int64_t>(KernelType::aiv, 1, 8, [](auto& g) {
    SetCtrlSpr<60, 60>(1);
    SetCtrlSpr<6, 9>(0x35);
    g.SetValue(0, GetCtrlSpr<60, 60>());
    g.SetValue(1, GetCtrlSpr<6, 9>());
    g.SetValue(2, GetCtrlSpr<0, 63>());
    set_ctrl(get_ctrl() | 1);
    g.SetValue(3, GetCtrlSpr<0, 0>());
  });
  EXPECT_EQ(z[0], 1);
  EXPECT_EQ(z[1], 5);
  EXPECT_EQ(z[2], (std::int64_t{1} << 60) | (5 << 6));
  EXPECT_EQ(z[3], 1);
}

TEST(Scalar, DeviceMemoryAndItsCache) {
  COVERS("GlobalTensor", "SetGlobalBuffer", "GetValue", "SetValue", "GetPhyAddr", "GetSize",
         "DataCacheCleanAndInvalid", "CacheLine", "DcciDst", "DataSyncBarrier", "MemDsbT", "ALL",
         "ReadGmByPassDCache", "WriteGmByPassDCache", "ICachePreLoad", "InitSocState", "SetSyncBaseAddr",
         "dcci", "dsb", "st_dev");
  const auto z = on_cores<std::int32_t>(KernelType::aiv, 1, 64, [](auto& g) {
    InitSocState();
    SetSyncBaseAddr(0);
    ICachePreLoad(2);
    g.SetValue(3, 42);
    DataCacheCleanAndInvalid<std::int32_t, CacheLine::SINGLE_CACHE_LINE, DcciDst::CACHELINE_OUT>(g[3]);
    DataSyncBarrier<MemDsbT::ALL>();
    g.SetValue(4, g.GetValue(3) + static_cast<std::int32_t>(g.GetSize()));
    g.SetValue(5, static_cast<std::int32_t>(g.GetPhyAddr(7) - g.GetPhyAddr()));
    WriteGmByPassDCache(g.GetPhyAddr(6), ReadGmByPassDCache(g.GetPhyAddr(4)) + 1);
    st_dev(77, g.GetPhyAddr(8), 0);
    dcci(g.GetPhyAddr(8), 0);
    dsb(DSB_ALL);
  });
  EXPECT_EQ(z[4], 42 + 64);
  EXPECT_EQ(z[5], 7);
  EXPECT_EQ(z[6], 107);
  EXPECT_EQ(z[8], 77);
}

TEST(Scalar, ListsOfTensors) {
  COVERS("ListTensorDesc", "GetDataPtr");
  const auto z = on_cores<std::uint64_t>(KernelType::aiv, 1, 16, [](auto& g) {
    // Offset of the addresses, two words for shapes, two addresses.
    g.SetValue(0, 24);
    g.SetValue(3, reinterpret_cast<std::uint64_t>(g.GetPhyAddr(10)));
    g.SetValue(4, reinterpret_cast<std::uint64_t>(g.GetPhyAddr(12)));
    const ListTensorDesc list(g.GetPhyAddr());
    for (std::uint32_t i = 0; i < 2; ++i) {
      GlobalTensor<std::uint64_t> tensor;
      tensor.SetGlobalBuffer(list.GetDataPtr<std::uint64_t>(i));
      tensor.SetValue(0, 70 + i);
    }
  });
  EXPECT_EQ(z[10], 70u);
  EXPECT_EQ(z[12], 71u);
}

TEST(Scalar, ListsOfTensorsWithShapes) {
  COVERS("TensorDesc", "SetShapeAddr", "GetDesc", "GetDim", "GetShape");
  // Descriptions as long as their shapes, or all of eight dimensions.
  for (const std::uint64_t room : {0u, 8u}) {
    std::uint64_t seen[8] = {};
    on_cores<std::uint64_t>(KernelType::aiv, 1, 64, [&](auto& g) {
      const std::uint64_t dims[2][3] = {{5, 7, 9}, {11, 13, 0}};
      std::uint64_t word = 1;
      for (std::uint64_t i = 0; i < 2; ++i) {
        const std::uint64_t count = 3 - i;
        g.SetValue(word, i << 32 | count);
        for (std::uint64_t d = 0; d < (room > 0 ? room : count); ++d)
          g.SetValue(word + 1 + d, d < count ? dims[i][d] : 0);
        word += 1 + (room > 0 ? room : count);
      }
      g.SetValue(0, word * 8);
      for (std::uint64_t i = 0; i < 2; ++i)
        g.SetValue(word + i, reinterpret_cast<std::uint64_t>(g.GetPhyAddr(40 + i)));
      ListTensorDesc list(g.GetPhyAddr(), 512, 2);
      std::uint64_t shape[8] = {};
      TensorDesc<std::uint64_t> desc;
      desc.SetShapeAddr(shape);
      list.GetDesc(desc, 1);
      const std::uint64_t found[] = {list.GetSize(),
                                     desc.GetDim(),
                                     desc.GetIndex(),
                                     desc.GetShape(0),
                                     desc.GetShape(1),
                                     desc.GetDataObj().GetSize(),
                                     static_cast<std::uint64_t>(desc.GetDataPtr() - g.GetPhyAddr()),
                                     shape[1]};
      std::copy(found, found + 8, seen);
    });
    const std::uint64_t expected[] = {2, 2, 1, 11, 13, 143, 41, 13};
    for (int i = 0; i < 8; ++i) EXPECT_EQ(seen[i], expected[i]) << room << ' ' << i;
  }
}

TEST(Scalar, FormatsAreThoseOfTheHost) {
  COVERS("FORMAT_FRACTAL_NZ", "FORMAT_NCDHW", "FORMAT_NDC1HWC0", "FORMAT_FRACTAL_Z_3D", "FORMAT_NCHW",
         "FORMAT_ND", "FORMAT_NHWC", "FORMAT_NC1HWC0", "FORMAT_HWCN", "FORMAT_FRACTAL_Z", "FORMAT_NDHWC");
#define FORMAT_WEIGHT FORMAT_FRACTAL_NZ
#if FORMAT_WEIGHT == FORMAT_FRACTAL_NZ && FORMAT_WEIGHT != FORMAT_ND
  constexpr bool chosen = true;
#else
  constexpr bool chosen = false;
#endif
  EXPECT_TRUE(chosen);
  EXPECT_EQ(FORMAT_NCHW, ACL_FORMAT_NCHW);
  EXPECT_EQ(FORMAT_NHWC, ACL_FORMAT_NHWC);
  EXPECT_EQ(FORMAT_ND, ACL_FORMAT_ND);
  EXPECT_EQ(FORMAT_NC1HWC0, ACL_FORMAT_NC1HWC0);
  EXPECT_EQ(FORMAT_FRACTAL_Z, ACL_FORMAT_FRACTAL_Z);
  EXPECT_EQ(FORMAT_HWCN, ACL_FORMAT_HWCN);
  EXPECT_EQ(FORMAT_NDHWC, ACL_FORMAT_NDHWC);
  EXPECT_EQ(FORMAT_FRACTAL_NZ, ACL_FORMAT_FRACTAL_NZ);
  EXPECT_EQ(FORMAT_NCDHW, ACL_FORMAT_NCDHW);
  EXPECT_EQ(FORMAT_NDC1HWC0, ACL_FORMAT_NDC1HWC0);
  EXPECT_EQ(FORMAT_FRACTAL_Z_3D, ACL_FRACTAL_Z_3D);
}

template <class T>
void expect_atomic() {
  const auto z = on_cores<T>(KernelType::aiv, 20, 192, [](auto& g) {
    const auto me = static_cast<float>(GetBlockIdx());
    Duplicate(ub<T>(0), static_cast<T>(me - 5), 64);
    SetAtomicAdd<T>();
    DataCopy(g, ub<T>(0), 64);
    SetAtomicMax<T>();
    DataCopy(g[64], ub<T>(0), 64);
    SetAtomicNone();
    SetAtomicMin<T>();
    DataCopy(g[128], ub<T>(0), 64);
    DisableDmaAtomic();
  });
  for (std::size_t i = 0; i < 64; ++i) {
    EXPECT_EQ(static_cast<float>(z[i]), 20 * 19 / 2 - 100);
    EXPECT_EQ(static_cast<float>(z[64 + i]), 14);
    EXPECT_EQ(static_cast<float>(z[128 + i]), -5);
  }
}
TEST(Scalar, AtomicTransfersOfManyCores) {
  COVERS("SetAtomicAdd", "SetAtomicMax", "SetAtomicMin", "SetAtomicNone", "DisableDmaAtomic",
         "SetAtomicType");
  expect_atomic<float>();
  expect_atomic<half>();
  expect_atomic<std::int32_t>();
  expect_atomic<std::int16_t>();
  const auto z = on_cores<std::int32_t>(KernelType::aiv, 3, 64, [](auto& g) {
    Duplicate(ub<std::int32_t>(0), 100000, 64);
    SetAtomicAdd<float>();
    SetAtomicType<std::int32_t>();  // still adds, now as integers
    DataCopy(g, ub<std::int32_t>(0), 64);
    SetAtomicNone();
  });
  EXPECT_EQ(z[63], 300000);
}

TEST(Scalar, CoresMeet) {
  COVERS("SyncAll", "CrossCoreSetFlag", "CrossCoreWaitFlag", "ffts_cross_core_sync", "wait_flag_dev",
         "set_ffts_base_addr", "PIPE_MTE3");
  enum Form { hardware, software, mode_zero, raw };
  for (const Form form : {hardware, software, mode_zero, raw}) {
    const auto z = on_cores<std::int32_t>(KernelType::aiv, 20, 64, [form](auto& g) {
      const auto me = static_cast<std::uint64_t>(GetBlockIdx());
      set_ffts_base_addr(0);
      g.SetValue(me, static_cast<std::int32_t>(me) + 1);
      if (form == hardware) SyncAll();
      if (form == software) SyncAll(g, ub<std::int32_t>(0), 20);
      if (form == mode_zero) CrossCoreSetFlag<0, PIPE_MTE3>(5), CrossCoreWaitFlag(5);
      if (form == raw) ffts_cross_core_sync(PIPE_MTE3, 1 | 0 << 4 | 6 << 8), wait_flag_dev(6);
      std::int32_t sum = 0;
      for (std::uint64_t i = 0; i < 20; ++i) sum += g.GetValue(i);
      g.SetValue(32 + me, sum);
    });
    for (std::size_t i = 0; i < 20; ++i) EXPECT_EQ(z[32 + i], 210) << form;
  }
  // Of ten cores the first five meet.
  const auto z = on_cores<std::int32_t>(KernelType::aiv, 10, 64, [](auto& g) {
    const auto me = static_cast<std::uint64_t>(GetBlockIdx());
    g.SetValue(me, 1);
    if (me >= 5) return;
    SyncAll(g, ub<std::int32_t>(0), 5);
    std::int32_t sum = 0;
    for (std::uint64_t i = 0; i < 5; ++i) sum += g.GetValue(i);
    g.SetValue(32 + me, sum);
  });
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(z[32 + i], 5);
  EXPECT_EQ(error_code(KernelType::aiv, [] { etalon_asc_sync_some(5); }, 2), "ascendc.range");
}

TEST(Scalar, TimeGoesOn) {
  COVERS("GetSystemCycle");
  chip::Machine machine(chip::npu_machine_spec(test_chip()));
  Device device(test_costs(), &machine, true);
  std::int64_t cycles[2] = {};
  LaunchOptions options;
  options.mode = Mode::both;
  ASSERT_TRUE(launch(device, options, [&] {
                cycles[0] = GetSystemCycle();
                Exp(ub<float>(0), ub<float>(0), 20000);
                PipeBarrier<PIPE_ALL>();
                cycles[1] = GetSystemCycle();
              }).has_value());
  EXPECT_GT(cycles[1] - cycles[0], 20000 * 4 / 256);
}

}  // namespace
}  // namespace etalon::ascendc
