// SPDX-License-Identifier: Apache-2.0
#include "cluster/schedule.h"

#include <gtest/gtest.h>

namespace etalon::cluster {
namespace {

Pipeline equal(int ranks, int chunks, std::int64_t micro_batches, double forward, double backward) {
  Pipeline p;
  p.chunks.assign(
      static_cast<std::size_t>(ranks),
      std::vector<StageTime>(static_cast<std::size_t>(chunks), {Seconds{forward}, Seconds{backward}}));
  p.micro_batches = micro_batches;
  return p;
}

TEST(Schedule, TheBubbleOfEqualStagesIsRanksMinusOneTimesForwardPlusBackward) {
  for (const int ranks : {1, 2, 4, 8}) {
    for (const std::int64_t count : {1, 4, 8, 33}) {
      const auto run = run_pipeline(equal(ranks, 1, count, 1, 2));
      EXPECT_NEAR(run.span.value, static_cast<double>(count + ranks - 1) * 3, 1e-9) << ranks << " " << count;
      for (const Seconds busy : run.busy) EXPECT_NEAR(busy.value, 3.0 * static_cast<double>(count), 1e-9);
    }
  }
}

TEST(Schedule, InterleavingDividesTheBubbleByTheChunks) {
  for (const int chunks : {1, 2, 4}) {
    const int ranks = 4;
    const auto run = run_pipeline(equal(ranks, chunks, 16, 1.0 / chunks, 2.0 / chunks));
    EXPECT_NEAR(run.span.value, 16 * 3 + (ranks - 1) * 3.0 / chunks, 1e-9) << chunks;
  }
}

TEST(Schedule, OneRankNeverWaits) {
  const auto run = run_pipeline(equal(1, 1, 5, 0.25, 0.5));
  EXPECT_DOUBLE_EQ(run.span.value, run.busy[0].value);
}

TEST(Schedule, TheSlowestStageSetsThePaceOfALongStep) {
  Pipeline p = equal(4, 1, 1000, 1, 2);
  p.chunks[2][0] = {Seconds{1.5}, Seconds{3}};
  EXPECT_NEAR(run_pipeline(p).span.value / 1000, 4.5, 0.05);
}

TEST(Schedule, TransfersDelayButDoNotOccupyARank) {
  Pipeline p = equal(4, 1, 8, 1, 2);
  const double alone = run_pipeline(p).span.value;
  p.transfer = Seconds{0.1};
  const auto run = run_pipeline(p);
  EXPECT_GT(run.span.value, alone);
  EXPECT_NEAR(run.busy[0].value, 24, 1e-9);
}

TEST(Schedule, EveryTaskAppearsOnceInTheTimeline) {
  EXPECT_EQ(run_pipeline(equal(4, 2, 8, 1, 2), true).timeline.spans.size(), 4u * 2 * 8 * 2);
}

TEST(Schedule, AnEmptyPipelineTakesNoTime) { EXPECT_EQ(run_pipeline({}).span.value, 0); }

}  // namespace
}  // namespace etalon::cluster
