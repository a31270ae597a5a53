// SPDX-License-Identifier: Apache-2.0
// Defects between cores, and on the cube core.
#include "ascendc/hazards/test_kernels.h"

namespace etalon::ascendc {
namespace {

using namespace AscendC;

std::uint64_t block() { return static_cast<std::uint64_t>(GetBlockIdx()); }

void store(const GlobalTensor<float>& to, float value, std::uint32_t count) {
  Duplicate(tile(0), value, static_cast<std::int32_t>(count));
  sync<HardEvent::V_MTE3>();
  DataCopy(to, tile(0), count);
}

TEST(Hazards, BlocksThatStoreIntoEachOther) {
  const auto f = check(KernelType::aiv, 4, [](Gm& gm) {
    Duplicate(tile(0), static_cast<float>(block() + 1), kN + 8);
    sync<HardEvent::V_MTE3>();
    AT("store") DataCopy(gm.gy[block() * kN], tile(0), kN + 8);
  });
  EXPECT_FINDING(f, "hazard.race", "store", "store", "bytes 1024 to 1055 of a device buffer of 65536 bytes",
                 "block 1 on vector core 1", "block 0 on vector core 0", "SyncAll", "; 3 times in 3 blocks");
}

// The numbers do not depend on who is last; a single pair that differs makes a failure of it.
TEST(Hazards, BlocksThatStoreTheSameValuesAreWarnedOf) {
  const auto stores = [](std::uint64_t different) {
    return check(KernelType::aiv, 4, [different](Gm& gm) {
      Duplicate(tile(0), block() == different ? 2.0f : 1.0f, kN + 8);
      sync<HardEvent::V_MTE3>();
      AT("store") DataCopy(gm.gy[block() * kN], tile(0), kN + 8);
    });
  };
  EXPECT_WARNING(stores(9), "hazard.race", "store", "store", "both write the same values", "; 3 times");
  EXPECT_FINDING(stores(3), "hazard.race", "store", "store", "; 3 times in 3 blocks");
  const auto f = check(KernelType::aiv, 3, [](Gm& gm) { AT("set") gm.gy.SetValue(0, 5.0f); });
  EXPECT_WARNING(f, "hazard.race", "set", "set", "SetValue", "both write the same values");
  const auto products = [](std::uint64_t different) {
    return check(KernelType::aic, 3, [different](Gm& gm) {
      const LocalTensor<float> c(TPosition::CO1, 0, 256);
      etalon_asc_fill_op(kAscL0c, 0, 1024, block() == different ? 0x40000000 : 0x3f800000, 4);
      PipeBarrier<PIPE_ALL>();
      FixpipeParamsV220 p;
      p.nSize = p.mSize = p.srcStride = p.dstStride = 16;
      AT("fix") Fixpipe(gm.gy, c, p);
    });
  };
  EXPECT_WARNING(products(9), "hazard.race", "fix", "fix", "Fixpipe", "both write the same values");
  EXPECT_FINDING(products(2), "hazard.race", "fix", "fix", "Fixpipe");
}

TEST(Hazards, CopiesRoundedUpIntoTheNextBlocksPartAreWarnedOf) {
  const auto reads = [](std::uint32_t begin) {
    return check(KernelType::aiv, 2, [begin](Gm& gm) {
      if (block() == 0) {
        AT("read") DataCopy(tile(0), gm.gy[begin], 64);
      } else {
        Duplicate(tile(0), 1.0f, kN);
        sync<HardEvent::V_MTE3>();
        AT("write") DataCopy(gm.gy[kN], tile(0), kN);
      }
    });
  };
  EXPECT_WARNING(reads(kN - 64 + 6), "hazard.race", "write", "read", "the last 24 bytes of a copy");
  EXPECT_FINDING(reads(kN - 56), "hazard.race", "write", "read");
}

TEST(Hazards, DisjointStoresAreClean) {
  EXPECT_TRUE(clean(check(KernelType::aiv, 60, [](Gm& gm) { store(gm.gy[block() * kN], 1.0f, kN); })));
}

TEST(Hazards, ReadsWhatAnotherBlockWritesWithoutMeeting) {
  const auto f = check(KernelType::aiv, 4, [](Gm& gm) {
    Duplicate(tile(0), 1.0f, 64);
    sync<HardEvent::V_MTE3>();
    AT("store") DataCopy(gm.gz[block() * 64], tile(0), 64);
    AT("load") DataCopy(tile(1024), gm.gz[(block() + 1) % 4 * 64], 64);
    sync<HardEvent::MTE2_MTE3>();
    DataCopy(gm.gy[block() * 64], tile(1024), 64);
  });
  // Whichever of the two comes later in a pair of blocks: the read of what may not be written yet, or the
  // write of what should have been read.
  ASSERT_EQ(f.size(), 2u) << text_of(f);
  for (const auto& x : f) EXPECT_EQ(x.code, "hazard.race");
  EXPECT_TRUE(f[0].where.ends_with(fmt::format(":{}", marked_lines()["store"]))) << text_of(f);
  EXPECT_TRUE(f[1].where.ends_with(fmt::format(":{}", marked_lines()["load"]))) << text_of(f);
}

TEST(Hazards, MeetingAtSyncAllIsClean) {
  EXPECT_TRUE(clean(check(KernelType::aiv, 4, [](Gm& gm) {
    for (int round = 0; round < 2; ++round) {
      store(gm.gz[block() * 64], 1.0f, 64);
      SyncAll();
      DataCopy(tile(1024), gm.gz[(block() + 1) % 4 * 64], 64);
      sync<HardEvent::MTE2_MTE3>();
      DataCopy(gm.gy[block() * 64], tile(1024), 64);
      SyncAll();
    }
  })));
}

TEST(Hazards, MeetingByFlagsOfModeZeroIsClean) {
  EXPECT_TRUE(clean(check(KernelType::aiv, 4, [](Gm& gm) {
    store(gm.gz[block() * 64], 1.0f, 64);
    CrossCoreSetFlag<0, PIPE_MTE3>(1);
    CrossCoreWaitFlag(1);
    DataCopy(tile(1024), gm.gz[(block() + 1) % 4 * 64], 64);
    sync<HardEvent::MTE2_MTE3>();
    DataCopy(gm.gy[block() * 64], tile(1024), 64);
  })));
}

TEST(Hazards, LaterBlocksOfACoreDoNotWaitForEarlierOnes) {
  const auto f = check(KernelType::aiv, 96, [](Gm& gm) {
    AT("load") DataCopy(tile(1024), gm.gz[block() % 48 * 64], 64);
    Duplicate(tile(0), 1.0f, 64);
    sync<HardEvent::V_MTE3>();
    if (block() < 48) {
      AT("store") DataCopy(gm.gz[block() * 64], tile(0), 64);
    }
  });
  // Within a block, too, the store may overtake the load.
  bool race = false;
  for (const auto& x : f)
    race = race || (x.code == "hazard.race" && x.text.find("DataCopy") != std::string::npos);
  EXPECT_TRUE(race) << text_of(f);
}

TEST(Hazards, AtomicAddsOfManyBlocksAreClean) {
  EXPECT_TRUE(clean(check(KernelType::aiv, 60, [](Gm& gm) {
    SetAtomicAdd<float>();
    store(gm.gy, 1.0f, kN);
    SetAtomicNone();
  })));
}

TEST(Hazards, PlainStoreAmongAtomicOnes) {
  const auto f = check(KernelType::aiv, 3, [](Gm& gm) {
    Duplicate(tile(0), 1.0f, kN);
    sync<HardEvent::V_MTE3>();
    if (block() > 0) SetAtomicAdd<float>();
    AT("store") DataCopy(gm.gy, tile(0), kN);
    SetAtomicNone();
  });
  EXPECT_FINDING(f, "hazard.race", "store", "store", "adds to", "may still be writing");
}

TEST(Hazards, SyncAllThatSomeBlocksSkip) {
  const auto f = check(KernelType::aiv, 4, [](Gm& gm) {
    store(gm.gz[block() * 64], 1.0f, 64);
    if (block() == 2) return;
    AT("sync") SyncAll();
  });
  EXPECT_FINDING(f, "hazard.deadlock", "sync", "", "waits for ever", "vector core 2 has ended", "3 blocks");
}

TEST(Hazards, SyncAllOfAGridLargerThanTheChip) {
  const auto f = check(KernelType::aiv, 64, [](Gm& gm) {
    store(gm.gz[block() * 64], 1.0f, 64);
    AT("sync") SyncAll();
  });
  ASSERT_EQ(f.size(), 1u) << text_of(f);
  EXPECT_EQ(f[0].code, "hazard.sync-grid") << text_of(f);
  EXPECT_NE(f[0].text.find("64 blocks"), std::string::npos) << text_of(f);
}

// --- cube and vector cores
// --------------------------------------------------------------------------------

LocalTensor<half> l1(std::uint32_t byte) { return LocalTensor<half>(TPosition::A1, byte, 256); }
LocalTensor<half> l0a() { return LocalTensor<half>(TPosition::A2, 0, 256); }
LocalTensor<half> l0b() { return LocalTensor<half>(TPosition::B2, 0, 256); }
LocalTensor<float> l0c() { return LocalTensor<float>(TPosition::CO1, 0, 256); }

LoadData2DParams one_fractal() {
  LoadData2DParams p;
  p.repeatTimes = 1;
  p.srcStride = 1;
  return p;
}
MmadParams one_product() {
  MmadParams p;
  p.m = p.n = p.k = 16;
  return p;
}
FixpipeParamsV220 one_result() {
  FixpipeParamsV220 p;
  p.nSize = p.mSize = p.srcStride = p.dstStride = 16;
  return p;
}
GlobalTensor<half> halves(const Gm& gm) {
  GlobalTensor<half> g;
  g.SetGlobalBuffer(reinterpret_cast<half*>(gm.x));
  return g;
}

// One 16 x 16 x 16 product from fractals in device memory; `skip` names the flag that is left out.
void product(Gm& gm, const std::string& skip, int times = 1) {
  const auto flag = [&](const std::string& name, auto f) {
    if (name != skip) f();
  };
  for (int i = 0; i < times; ++i) {
    if (i > 0) flag("MTE1_MTE2", [] { WaitFlag<HardEvent::MTE1_MTE2>(0); });
    AT("to_l1") DataCopy(l1(0), halves(gm), 256);
    DataCopy(l1(512), halves(gm)[256], 256);
    flag("MTE2_MTE1", [] { sync<HardEvent::MTE2_MTE1>(); });
    if (i > 0) flag("M_MTE1", [] { WaitFlag<HardEvent::M_MTE1>(0); });
    AT("to_l0a") LoadData(l0a(), l1(0), one_fractal());
    LoadData(l0b(), l1(512), one_fractal());
    if (i + 1 < times) flag("MTE1_MTE2", [] { SetFlag<HardEvent::MTE1_MTE2>(0); });
    flag("MTE1_M", [] { sync<HardEvent::MTE1_M>(); });
    if (i > 0) flag("FIX_M", [] { WaitFlag<HardEvent::FIX_M>(0); });
    AT("mmad") Mmad(l0c(), l0a(), l0b(), one_product());
    if (i + 1 < times) flag("M_MTE1", [] { SetFlag<HardEvent::M_MTE1>(0); });
    flag("M_FIX", [] { sync<HardEvent::M_FIX>(); });
    AT("fixpipe") Fixpipe(gm.gz[block() * 256], l0c(), one_result());
    if (i + 1 < times) flag("FIX_M", [] { SetFlag<HardEvent::FIX_M>(0); });
  }
}

TEST(Hazards, ProductsAreClean) {
  EXPECT_TRUE(clean(check(KernelType::aic, 2, [](Gm& gm) { product(gm, "", 3); })));
}

TEST(Hazards, FractalsLoadedBeforeTheyAreInL1) {
  const auto f = check(KernelType::aic, 1, [](Gm& gm) { product(gm, "MTE2_MTE1"); });
  ASSERT_EQ(f.size(), 2u) << text_of(f);  // both operands
  EXPECT_EQ(f[0].code, "hazard.raw");
  EXPECT_NE(f[0].text.find("bytes 0 to 511 of L1"), std::string::npos) << text_of(f);
}

TEST(Hazards, L1OverwrittenWhileItIsRead) {
  const auto f = check(KernelType::aic, 1, [](Gm& gm) { product(gm, "MTE1_MTE2", 2); });
  ASSERT_EQ(f.size(), 2u) << text_of(f);
  EXPECT_EQ(f[0].code, "hazard.war");
  EXPECT_NE(f[0].text.find("HardEvent::MTE1_MTE2"), std::string::npos) << text_of(f);
}

TEST(Hazards, ResultReadBeforeTheProductHasEnded) {
  const auto f = check(KernelType::aic, 1, [](Gm& gm) { product(gm, "M_FIX"); });
  EXPECT_FINDING(f, "hazard.raw", "fixpipe", "mmad", "bytes 0 to 1023 of L0C", "HardEvent::M_FIX");
}

TEST(Hazards, ResultOverwrittenWhileItIsStored) {
  const auto f = check(KernelType::aic, 1, [](Gm& gm) { product(gm, "FIX_M", 3); });
  EXPECT_FINDING(f, "hazard.war", "mmad", "fixpipe", "HardEvent::FIX_M", "; 2 times");
}

// Cube cores multiply, their vector cores store the result; `set` is the pipe of the flag between them.
template <pipe_t set, bool waits = true>
void product_then_vector(Gm& gm) {
  if (ASCEND_IS_AIC) {
    product(gm, "");
    if (waits) CrossCoreSetFlag<2, set>(3);
  } else {
    if (waits) CrossCoreWaitFlag(3);
    if (GetSubBlockIdx() == 1) return;
    AT("load") DataCopy(tile(0), gm.gz[block() / 2 * 256], kN);
    sync<HardEvent::MTE2_MTE3>();
    DataCopy(gm.gy[block() / 2 * 256], tile(0), kN);
  }
}

TEST(Hazards, FlagFromCubeToVectorIsClean) {
  EXPECT_TRUE(clean(check(KernelType::mix_1_2, 3, product_then_vector<PIPE_FIX>)));
}

TEST(Hazards, NoFlagFromCubeToVector) {
  const auto f = check(KernelType::mix_1_2, 3, product_then_vector<PIPE_FIX, false>);
  EXPECT_FINDING(f, "hazard.race", "load", "fixpipe", "on vector core 0", "on cube core 0",
                 "CrossCoreSetFlag");
}

TEST(Hazards, FlagFromCubeToVectorOnTheWrongPipe) {
  const auto f = check(KernelType::mix_1_2, 3, product_then_vector<PIPE_MTE2>);
  EXPECT_FINDING(f, "hazard.race", "load", "fixpipe", "CrossCoreSetFlag");
}

TEST(Hazards, CubeRunsAheadOfItsVectorCores) {
  const auto f = check(KernelType::mix_1_1, 1, [](Gm&) {
    for (int i = 0; i < 20; ++i) {
      if (ASCEND_IS_AIC) {
        AT("set") CrossCoreSetFlag<2, PIPE_FIX>(0);
      } else {
        CrossCoreWaitFlag(0);
      }
    }
  });
  EXPECT_FINDING(f, "hazard.flag-overflow", "set", "", "beyond 15");
}

TEST(Hazards, CrossCoreFlagThatNobodyWaitsFor) {
  const auto f = check(KernelType::mix_1_1, 1, [](Gm&) {
    if (ASCEND_IS_AIC) {
      AT("set") CrossCoreSetFlag<2, PIPE_FIX>(4);
    }
  });
  EXPECT_WARNING(f, "hazard.set-without-wait", "set", "", "CrossCoreSetFlag<2>(4)");
}

TEST(Hazards, CrossCoreWaitThatNothingEnds) {
  const auto f = check(KernelType::mix_1_1, 30, [](Gm&) {
    if (ASCEND_IS_AIV) {
      AT("wait") CrossCoreWaitFlag(4);
    }
  });
  EXPECT_FINDING(f, "hazard.deadlock", "wait", "", "CrossCoreWaitFlag(4)", "cube core 0 has ended",
                 "nothing after that line ran");
}

}  // namespace
}  // namespace etalon::ascendc
