// SPDX-License-Identifier: Apache-2.0
// Defects of memory: undefined bytes, bounds, alignment, operands that overlap, queues.
#include "ascendc/hazards/test_kernels.h"

namespace etalon::ascendc {
namespace {

using namespace AscendC;

using In = TQue<TPosition::VECIN, 2>;
using Out = TQue<TPosition::VECOUT, 2>;

// z = x + x through queues, right.
void queued(Gm& gm) {
  TPipe pipe;
  In in;
  Out out;
  pipe.InitBuffer(in, 2, 1024);
  pipe.InitBuffer(out, 2, 1024);
  for (std::uint32_t i = 0; i < 6; ++i) {
    auto a = in.AllocTensor<float>();
    DataCopy(a, gm.gx[i * kN], kN);
    in.EnQue(a);
    a = in.DeQue<float>();
    auto b = out.AllocTensor<float>();
    Add(b, a, a, kN);
    in.FreeTensor(a);
    out.EnQue(b);
    b = out.DeQue<float>();
    DataCopy(gm.gy[i * kN], b, kN);
    out.FreeTensor(b);
  }
}

TEST(Hazards, QueuesAreClean) { EXPECT_TRUE(clean(check(KernelType::aiv, 1, queued))); }

TEST(Hazards, StoresWhatWasNeverWritten) {
  const auto f = check(KernelType::aiv, 1, [](Gm& gm) {
    const auto a = tile(0), b = tile(1024);
    DataCopy(a, gm.gx, kN);
    sync<HardEvent::MTE2_V>();
    AT("add") Add(a, a, b, kN);
    sync<HardEvent::V_MTE3>();
    AT("store") DataCopy(gm.gy, a, kN);
  });
  EXPECT_FINDING(f, "hazard.undefined", "store", "add", "bytes 0 to 1023 of a device buffer",
                 "first read by Add");
}

TEST(Hazards, StoresTheRestOfATileThatWasNotFilled) {
  const auto f = check(KernelType::aiv, 1, [](Gm& gm) {
    const auto a = tile(0);
    DataCopy(a, gm.gx, 100 / 8 * 8);
    sync<HardEvent::MTE2_MTE3>();
    AT("store") DataCopy(gm.gy, a, kN);
  });
  EXPECT_TRUE(
      one_finding(f, Severity::warning, "hazard.undefined", __FILE__, "store", "", {"bytes 384 to 1023"}));
}

TEST(Hazards, ComputingOnWholeBlocksIsClean) {
  EXPECT_TRUE(clean(check(KernelType::aiv, 1, [](Gm& gm) {
    const auto a = tile(0), b = tile(1024);
    DataCopyPad(a, gm.gx, DataCopyExtParams(1, 100 * 4, 0, 0, 0), DataCopyPadExtParams<float>());
    sync<HardEvent::MTE2_V>();
    Muls(b, a, 2.0f, kN);  // beyond the 100 loaded
    sync<HardEvent::V_MTE3>();
    DataCopyPad(gm.gy, b, DataCopyExtParams(1, 100 * 4, 0, 0, 0));
  })));
}

TEST(Hazards, ReductionOverTheRestOfATile) {
  const auto f = check(KernelType::aiv, 1, [](Gm& gm) {
    const auto a = tile(0), sum = tile(1024), tmp = tile(2048);
    DataCopy(a, gm.gx, 96);
    sync<HardEvent::MTE2_V>();
    AT("sum") ReduceSum(sum, a, tmp, 128);
    sync<HardEvent::V_S>();
    AT("get") gm.gy.SetValue(0, sum.GetValue(0));
  });
  EXPECT_FINDING(f, "hazard.undefined", "get", "sum", "into the scalar unit", "first read by WholeReduceSum");
}

// Bits of `gm.z`, of which nothing has been written.
struct Unwritten {
  std::vector<std::uint64_t> bits = std::vector<std::uint64_t>(64 * kN * 4 / 64);
  std::function<void(HazardChecker&, const Gm&)> track() {
    return [this](HazardChecker& c, const Gm& gm) {
      c.track({reinterpret_cast<const std::byte*>(gm.z), bits.size() * 64, bits.data()});
    };
  }
};

// Sorts 64 scores of which `filled` are defined and gives the first 40 pairs out. Indices are defined up
// to 40.
Findings sorted(std::int32_t filled) {
  return check(KernelType::aiv, 1, [filled](Gm& gm) {
    const auto scores = tile(0, 64), pairs = tile(1024, 128), merged = tile(2048, 128);
    const auto index = tile(512, 64).ReinterpretCast<std::uint32_t>();
    DataCopy(scores, gm.gx, 40);
    DataCopy(index.ReinterpretCast<float>(), gm.gx, 40);
    sync<HardEvent::MTE2_V>();
    if (filled > 40) {
      const std::uint64_t rest[2] = {0xffffff00, 0};
      Duplicate(scores[32], -3.4e38f, rest, 1, 1, 8);
    }
    Sort32(pairs, scores, index, 2);
    MrgSort4Info info;
    info.elementLengths[0] = info.elementLengths[1] = 32;
    info.validBit = 3;
    info.repeatTimes = 1;
    MrgSort(merged, MrgSortSrcList<float>(pairs, pairs[64], pairs, pairs), info);
    sync<HardEvent::V_MTE3>();
    AT("store") DataCopy(gm.gy, merged, 80);
  });
}

TEST(Hazards, RestsSortedToTheEndStayOutOfTheResult) {
  EXPECT_TRUE(clean(sorted(64)));
  EXPECT_FINDING(sorted(40), "hazard.undefined", "store", "", "first read by Sort32");
}

TEST(Hazards, ReadsDeviceMemoryThatWasNeverWritten) {
  Unwritten z;
  const auto f = check(
      KernelType::aiv, 1,
      [](Gm& gm) {
        const auto a = tile(0);
        AT("load") DataCopy(a, gm.gz, kN);
        sync<HardEvent::MTE2_MTE3>();
        AT("store") DataCopy(gm.gy, a, kN);
      },
      z.track());
  EXPECT_FINDING(f, "hazard.undefined", "store", "load", "first read by DataCopy");
}

TEST(Hazards, AddsToDeviceMemoryThatWasNeverWritten) {
  Unwritten z;
  const auto f = check(
      KernelType::aiv, 1,
      [](Gm& gm) {
        const auto a = tile(0);
        Duplicate(a, 1.0f, kN);
        sync<HardEvent::V_MTE3>();
        SetAtomicAdd<float>();
        AT("add") DataCopy(gm.gz, a, kN);
        SetAtomicNone();
      },
      z.track());
  EXPECT_FINDING(f, "hazard.undefined", "add", "", "clear that memory");
}

TEST(Hazards, WhatAKernelWritesCountsAsWritten) {
  Unwritten z;
  const auto f = check(
      KernelType::aiv, 1,
      [](Gm& gm) {
        const auto a = tile(0), b = tile(1024);
        Duplicate(a, 1.0f, kN);
        sync<HardEvent::V_MTE3>();
        DataCopy(gm.gz, a, kN);
        sync<HardEvent::MTE3_MTE2>();
        DataCopy(b, gm.gz, kN);
        sync<HardEvent::MTE2_MTE3>();
        DataCopy(gm.gy, b, kN);
      },
      z.track());
  EXPECT_TRUE(clean(f));
  EXPECT_EQ(z.bits[0], ~std::uint64_t{0});
  EXPECT_EQ(z.bits[kN * 4 / 64], 0u);
}

TEST(Hazards, CountBeyondTheBuffer) {
  const auto f = check(KernelType::aiv, 1, [](Gm& gm) {
    TPipe pipe;
    TBuf<TPosition::VECCALC> small, next;
    pipe.InitBuffer(small, 512);
    pipe.InitBuffer(next, 1024);
    const auto a = small.Get<float>();
    AT("dup") Duplicate(a, 0.0f, kN);
    sync<HardEvent::V_MTE3>();
    DataCopy(gm.gy, a, 128);
  });
  EXPECT_FINDING(f, "hazard.out-of-bounds", "dup", "", "writes bytes 0 to 1023 of UB", "bytes 0 to 511");
}

TEST(Hazards, BeyondTheMemoryOfTheChip) {
  const auto f = check(KernelType::aiv, 1, [](Gm&) {
    const auto last = tile(192 * 1024 - 512);
    AT("dup") Duplicate(last, 0.0f, kN);
  });
  EXPECT_FINDING(f, "ascendc.out-of-range", "dup", "", "which has 196608");
}

TEST(Hazards, MoreBuffersThanTheChipHasRoomFor) {
  const auto f = check(KernelType::aiv, 1, [](Gm&) {
    TPipe pipe;
    TBuf<TPosition::VECCALC> large;
    AT("init") pipe.InitBuffer(large, 200 * 1024);
  });
  EXPECT_FINDING(f, "ascendc.memory", "init", "");
}

TEST(Hazards, DeviceMemoryBeyondItsBuffer) {
  const auto f = check(KernelType::aiv, 1, [](Gm& gm) {
    const auto last = gm.gx[63 * kN + 8];
    AT("copy") DataCopy(tile(0), last, kN);
  });
  EXPECT_FINDING(f, "ascendc.out-of-range", "copy", "", "that no buffer holds");
}

TEST(Hazards, OperandNotAligned) {
  const auto f = check(KernelType::aiv, 1, [](Gm&) {
    Duplicate(tile(0), 1.0f, kN);
    AT("add") Add(tile(2048), tile(4), tile(0), 64);
  });
  EXPECT_FINDING(f, "ascendc.alignment", "add", "");
}

TEST(Hazards, ReductionNotAligned) {
  const auto f = check(KernelType::aiv, 1, [](Gm&) {
    Duplicate(tile(0), 1.0f, kN);
    AT("sum") WholeReduceSum(tile(2048), tile(16), 64, 1, 1, 1, 8);
  });
  EXPECT_FINDING(f, "hazard.alignment", "sum", "", "src0 begins at byte 16 of UB, expected a multiple of 32");
}

TEST(Hazards, StrideZeroOfTheDestination) {
  const auto f = check(KernelType::aiv, 1, [](Gm&) {
    Duplicate(tile(0), 1.0f, kN);
    AT("add") Add(tile(2048), tile(0), tile(0), 64, 1, BinaryRepeatParams(0, 1, 1, 8, 8, 8));
  });
  EXPECT_FINDING(f, "hazard.alignment", "add", "", "dstBlkStride 0");
}

TEST(Hazards, ShiftOverItsOwnSource) {
  const auto f = check(KernelType::aiv, 1, [](Gm&) {
    Duplicate(tile(0), 1.0f, 512);
    AT("adds") Adds(tile(32), tile(0), 1.0f, kN);
  });
  EXPECT_FINDING(f, "hazard.overlap", "adds", "",
                 "bytes 32 to 1055 of UB over its own src0, bytes 0 to 1023");
}

TEST(Hazards, InPlaceAndWideningFromTheEndAreClean) {
  EXPECT_TRUE(clean(check(KernelType::aiv, 1, [](Gm& gm) {
    LocalTensor<half> h(TPosition::VECCALC, 512, kN);
    Duplicate(h, half(1.0f), kN);
    Cast(tile(0), h, RoundMode::CAST_NONE, kN);  // its upper half becomes the whole
    Adds(tile(0), tile(0), 1.0f, kN);
    sync<HardEvent::V_MTE3>();
    DataCopy(gm.gy, tile(0), kN);
  })));
}

TEST(Hazards, EnQueWithoutAlloc) {
  const auto f = check(KernelType::aiv, 1, [](Gm& gm) {
    TPipe pipe;
    In in;
    pipe.InitBuffer(in, 2, 1024);
    const LocalTensor<float> a(TPosition::VECIN, 0, kN);
    DataCopy(a, gm.gx, kN);
    AT("enque") in.EnQue(a);
    in.FreeTensor(in.DeQue<float>());
  });
  EXPECT_FINDING(f, "hazard.queue", "enque", "", "AllocTensor has not given out");
}

TEST(Hazards, FreedTwice) {
  const auto f = check(KernelType::aiv, 1, [](Gm& gm) {
    TPipe pipe;
    In in;
    pipe.InitBuffer(in, 2, 1024);
    auto a = in.AllocTensor<float>();
    DataCopy(a, gm.gx, kN);
    in.EnQue(a);
    a = in.DeQue<float>();
    AT("first") in.FreeTensor(a);
    AT("second") in.FreeTensor(a);
  });
  EXPECT_FINDING(f, "hazard.queue", "second", "first", "not held");
}

TEST(Hazards, MoreThanTheDepthOfTheQueue) {
  const auto f = check(KernelType::aiv, 1, [](Gm& gm) {
    TPipe pipe;
    TQue<TPosition::VECIN, 1> in;
    pipe.InitBuffer(in, 2, 1024);
    for (std::uint32_t i = 0; i < 2; ++i) {
      auto a = in.AllocTensor<float>();
      DataCopy(a, gm.gx[i * kN], kN);
      AT("enque") in.EnQue(a);
    }
    for (int i = 0; i < 2; ++i) in.FreeTensor(in.DeQue<float>());
  });
  EXPECT_FINDING(f, "hazard.queue", "enque", "", "more tensors than the queue's depth");
}

TEST(Hazards, NeverDequeued) {
  const auto f = check(KernelType::aiv, 1, [](Gm& gm) {
    TPipe pipe;
    In in;
    pipe.InitBuffer(in, 2, 1024);
    auto a = in.AllocTensor<float>();
    DataCopy(a, gm.gx, kN);
    AT("enque") in.EnQue(a);
  });
  EXPECT_FINDING(f, "hazard.queue", "enque", "", "never dequeued");
}

TEST(Hazards, AllocTensorOfAFullQueue) {
  const auto f = check(KernelType::aiv, 1, [](Gm&) {
    TPipe pipe;
    In in;
    pipe.InitBuffer(in, 1, 1024);
    in.AllocTensor<float>();
    AT("alloc") in.AllocTensor<float>();
  });
  EXPECT_FINDING(f, "ascendc.queue", "alloc", "", "every buffer of the queue in use");
}

TEST(Hazards, GatherAndMasksBeyondMemoryEndInOneError) {
  const auto f = check(KernelType::aiv, 1, [](Gm&) {
    LocalTensor<std::uint32_t> offsets(TPosition::VECCALC, 4096, 64);
    Duplicate(offsets, std::uint32_t{0x7fffff00}, 64);
    AT("gather") Gather(tile(0), tile(1024), offsets, 0, 64);
  });
  EXPECT_FINDING(f, "ascendc.out-of-range", "gather", "", "Gather: an offset leads to byte");
}

TEST(Hazards, NumbersThatDoNotFitDoNotWrap) {
  const auto far = check(KernelType::aiv, 1, [](Gm&) { AT("get") tile(0).GetValue(1u << 30); });
  EXPECT_FINDING(far, "ascendc.out-of-range", "get", "", "of UB");
  const auto negative = check(KernelType::aiv, 1, [](Gm&) {
    const auto a = tile(0);
    AT("adds") Adds(a, a, 1.0f, -1);
  });
  EXPECT_FINDING(negative, "ascendc.range", "adds", "", "below 0");
  const auto huge = check(KernelType::aiv, 1, [](Gm&) {
    TPipe pipe;
    TBuf<TPosition::VECCALC> all;
    pipe.InitBuffer(all, 0xffffffff);
  });
  EXPECT_FINDING(huge, "ascendc.memory", "", "");
}

TEST(Hazards, ATPipeIsDestroyedOnce) {
  const auto f = check(KernelType::aiv, 1, [](Gm&) {
    TPipe pipe;
    AT("first") pipe.Destroy();
    AT("second") pipe.Destroy();
  });
  EXPECT_WARNING(f, "hazard.queue", "second", "first", "destroyed already");
}

TEST(Hazards, RowsOfAProductThatWereNeverLoadedStayOutOfTheResult) {
  const auto product = [](Gm& gm, std::uint16_t rows) {
    const LocalTensor<half> a1(TPosition::A1, 0, 512), a2(TPosition::A2, 0, 512), b2(TPosition::B2, 0, 512);
    const LocalTensor<float> c(TPosition::CO1, 0, 512);
    GlobalTensor<half> g;
    g.SetGlobalBuffer(reinterpret_cast<half*>(gm.x));
    DataCopy(a1, g, 8 * 16);  // half of the 16 rows
    DataCopy(a1[256], g, 256);
    sync<HardEvent::MTE2_MTE1>();
    LoadData2DParams one;
    one.repeatTimes = 1;
    LoadData(a2, a1, one);
    LoadData(b2, a1[256], one);
    sync<HardEvent::MTE1_M>();
    MmadParams p;
    p.m = p.n = p.k = 16;
    Mmad(c, a2, b2, p);
    sync<HardEvent::M_FIX>();
    FixpipeParamsV220 out;
    out.mSize = rows;
    out.nSize = out.srcStride = out.dstStride = 16;
    AT("fixpipe") Fixpipe(gm.gy, c, out);
  };
  EXPECT_TRUE(clean(check(KernelType::aic, 1, [&](Gm& gm) { product(gm, 8); })));
  const auto f = check(KernelType::aic, 1, [&](Gm& gm) { product(gm, 16); });
  EXPECT_FINDING(f, "hazard.undefined", "fixpipe", "", "bytes 512 to 1023 of a device buffer");
}

TEST(Hazards, UsesATensorAfterFreeingIt) {
  const auto f = check(KernelType::aiv, 1, [](Gm& gm) {
    TPipe pipe;
    In in;
    Out out;
    pipe.InitBuffer(in, 1, 1024);
    pipe.InitBuffer(out, 1, 1024);
    for (std::uint32_t i = 0; i < 2; ++i) {
      auto a = in.AllocTensor<float>();
      AT("load") DataCopy(a, gm.gx[i * kN], kN);
      in.EnQue(a);
      a = in.DeQue<float>();
      auto b = out.AllocTensor<float>();
      in.FreeTensor(a);
      AT("add") Add(b, a, a, kN);
      out.EnQue(b);
      b = out.DeQue<float>();
      DataCopy(gm.gy[i * kN], b, kN);
      out.FreeTensor(b);
    }
  });
  EXPECT_FINDING(f, "hazard.war", "load", "add", "HardEvent::V_MTE2");
}

}  // namespace
}  // namespace etalon::ascendc
