// SPDX-License-Identifier: Apache-2.0
#include "cluster/collectives.h"

#include <gtest/gtest.h>

#include <cmath>

namespace etalon::cluster {
namespace {

Fabric plain(int packages = 8) {
  Fabric f;
  f.node = "test";
  f.packages = packages;
  f.link = BytesPerSecond{400e9};
  f.library.bulk_rate = 1;
  return f;
}

double seconds(const Fabric& f, CollectiveOp op, int ranks, double bytes, const char* software = "") {
  return collective(f, op, {ranks, 1}, Bytes{bytes}, software).value().time.value;
}

TEST(Collectives, ARingWithoutLatencyMovesTheTextbookBytes) {
  const Fabric f = plain();
  for (int n : {2, 4, 8}) {
    const double ring = (n - 1.0) / n * 1e9 / 400e9;
    EXPECT_DOUBLE_EQ(seconds(f, CollectiveOp::reduce_scatter, n, 1e9), ring);
    EXPECT_DOUBLE_EQ(seconds(f, CollectiveOp::all_gather, n, 1e9), ring);
    EXPECT_DOUBLE_EQ(seconds(f, CollectiveOp::all_to_all, n, 1e9), ring);
    EXPECT_DOUBLE_EQ(seconds(f, CollectiveOp::all_reduce, n, 1e9), 2 * ring);
  }
}

TEST(Collectives, AllReduceSendsWhatReduceScatterAndAllGatherSendTogether) {
  const Fabric f = plain();
  const auto sent = [&](CollectiveOp op) { return collective(f, op, {8, 1}, Bytes{3e7}).value().sent.value; };
  EXPECT_DOUBLE_EQ(sent(CollectiveOp::all_reduce),
                   sent(CollectiveOp::reduce_scatter) + sent(CollectiveOp::all_gather));
}

TEST(Collectives, OneRankOrNoBytesCostNothing) {
  EXPECT_EQ(seconds(plain(), CollectiveOp::all_reduce, 1, 1e9), 0);
  EXPECT_EQ(seconds(plain(), CollectiveOp::all_reduce, 8, 0), 0);
}

TEST(Collectives, AFasterLinkIsNeverSlower) {
  Fabric slow = plain(), fast = plain();
  for (Fabric* f : {&slow, &fast}) {
    f->library.launch = Seconds{5e-6};
    f->library.step = Seconds{1e-6};
    f->library.step_rate = 0.3;
    f->library.step_limit = Bytes{1e6};
    f->library.bulk_step = Seconds{4e-6};
    f->library.fill = Seconds{10e-6};
    f->library.multicast_rate = 0.5;
  }
  fast.link = BytesPerSecond{900e9};
  for (int op = 0; op < 6; ++op)
    for (int n : {2, 3, 8})
      for (double bytes = 256; bytes < 1e10; bytes *= 3)
        EXPECT_LE(seconds(fast, static_cast<CollectiveOp>(op), n, bytes),
                  seconds(slow, static_cast<CollectiveOp>(op), n, bytes));
}

TEST(Collectives, SmallMessagesPayTheLatencyOfEveryRingStep) {
  Fabric f = plain();
  f.library.launch = Seconds{5e-6};
  f.library.step = Seconds{1e-6};
  f.library.step_rate = 0.3;
  f.library.step_limit = Bytes{1e6};
  f.library.bulk_step = Seconds{9e-6};
  EXPECT_NEAR(seconds(f, CollectiveOp::all_reduce, 8, 8), 19e-6, 1e-9);
  EXPECT_NEAR(seconds(f, CollectiveOp::reduce_scatter, 8, 8), 12e-6, 1e-9);
  EXPECT_EQ(collective(f, CollectiveOp::all_reduce, {8, 1}, Bytes{8})->protocol, "low-latency");
}

TEST(Collectives, AFullMeshGivesAPairOnlyItsOwnLink) {
  Fabric f = plain();
  f.kind = FabricKind::mesh;
  f.peer = f.link / 7;
  EXPECT_DOUBLE_EQ(seconds(f, CollectiveOp::send_recv, 2, 1e9), 1e9 / (400e9 / 7));
  EXPECT_DOUBLE_EQ(seconds(f, CollectiveOp::reduce_scatter, 2, 1e9), 0.5e9 / (400e9 / 7));
  EXPECT_DOUBLE_EQ(seconds(f, CollectiveOp::reduce_scatter, 8, 1e9), 0.875e9 / 400e9);
}

TEST(Collectives, NeighboursInAPackageUseTheDieLink) {
  Fabric f = plain();
  f.devices_per_package = 2;
  f.die_link = BytesPerSecond{800e9};
  const auto time = [&](Group g) {
    return collective(f, CollectiveOp::all_gather, g, Bytes{1e9}).value().time.value;
  };
  EXPECT_DOUBLE_EQ(time({2, 1}), 0.5e9 / 800e9);
  EXPECT_DOUBLE_EQ(time({2, 2}), 0.5e9 / 400e9);
}

TEST(Collectives, OneShotIsOfferedToServingOnlyAndWinsOnlySmall) {
  Fabric f = plain();
  f.library.launch = Seconds{15e-6};
  f.library.one_shot_launch = Seconds{2.5e-6};
  f.library.one_shot_rate = 0.7;
  EXPECT_LT(seconds(f, CollectiveOp::all_reduce, 8, 1e4, "serving"),
            seconds(f, CollectiveOp::all_reduce, 8, 1e4));
  EXPECT_EQ(seconds(f, CollectiveOp::all_reduce, 8, 1e9, "serving"),
            seconds(f, CollectiveOp::all_reduce, 8, 1e9));
}

TEST(Collectives, RefusesMoreRanksThanTheNodeHas) {
  for (Group g : {Group{9, 1}, Group{0, 1}, Group{2, 0}}) {
    const auto cost = collective(plain(), CollectiveOp::all_reduce, g, Bytes{8});
    ASSERT_FALSE(cost.has_value());
    EXPECT_EQ(cost.error().code, "collective.ranks");
  }
}

TEST(Collectives, RefusesBytesThatAreNoSize) {
  for (double bytes : {-1.0, std::nan(""), 1e30}) {
    const auto cost = collective(plain(), CollectiveOp::all_reduce, {8, 1}, Bytes{bytes});
    ASSERT_FALSE(cost.has_value());
    EXPECT_EQ(cost.error().code, "collective.bytes");
  }
}

TEST(Collectives, NamesOfOperationsReadBack) {
  for (int i = 0; i < 6; ++i) {
    CollectiveOp op{};
    EXPECT_TRUE(parse(name_of(static_cast<CollectiveOp>(i)), op));
    EXPECT_EQ(static_cast<int>(op), i);
  }
  CollectiveOp op{};
  EXPECT_FALSE(parse("gather", op));
}

}  // namespace
}  // namespace etalon::cluster
