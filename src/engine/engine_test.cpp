// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "engine/event_queue.h"
#include "engine/shared_bandwidth.h"

namespace etalon::engine {
namespace {

// Runs until all flows have ended; returns end time of each tag.
std::vector<Picoseconds> finish_all(SharedBandwidth& b, int flows) {
  std::vector<Picoseconds> ends(flows, -1);
  std::int32_t tag = 0;
  while (b.active() > 0) {
    const Picoseconds t = b.next_finish();
    while (b.pop_finished(t, tag)) ends[tag] = t;
  }
  return ends;
}

TEST(EventQueue, EqualTimesLeaveInTheOrderTheyCame) {
  EventQueue<int> q;
  q.push(5, 1);
  q.push(3, 2);
  q.push(5, 3);
  EXPECT_EQ(q.pop(), 2);
  EXPECT_EQ(q.pop(), 1);
  EXPECT_EQ(q.pop(), 3);
}
TEST(EventQueue, AMixOfNearAndFarTimesLeavesInOrder) {
  EventQueue<int> q;
  std::uint64_t random = 7;
  std::vector<std::pair<Picoseconds, int>> waiting;
  Picoseconds now = 0;
  int pushed = 0;
  const auto push = [&] {
    random = random * 6364136223846793005ull + 1442695040888963407ull;
    const Picoseconds ahead =
        static_cast<Picoseconds>((random >> 33) % (pushed % 5 == 0 ? 50'000'000 : 20'000));
    q.push(now + ahead / 100 * 100, pushed);  // equal times happen
    waiting.emplace_back(now + ahead / 100 * 100, pushed++);
  };
  for (int i = 0; i < 300; ++i) push();
  while (!q.empty()) {
    const auto first = std::min_element(waiting.begin(), waiting.end());
    now = first->first;
    ASSERT_EQ(q.next_time(), now);
    ASSERT_EQ(q.pop(), first->second);
    waiting.erase(first);
    if (pushed < 5000) push();
  }
  EXPECT_TRUE(waiting.empty());
}
TEST(SharedBandwidth, ManyFlowsOfManySizesEndInTheOrderOfTheirSizes) {
  SharedBandwidth b(BytesPerSecond{1e12});
  const int c = b.add_class(BytesPerSecond{1e12});
  for (int i = 0; i < 200; ++i) b.start(0, c, 100 + (i * 7919) % 1000, i);
  Picoseconds last = 0;
  std::int32_t tag = 0;
  int size = 0, ended = 0;
  while (b.active() > 0) {
    last = b.next_finish();
    while (b.pop_finished(last, tag)) {
      const int bytes = 100 + (tag * 7919) % 1000;
      EXPECT_GE(bytes, size);
      size = bytes;
      ++ended;
    }
  }
  EXPECT_EQ(ended, 200);
  EXPECT_NEAR(static_cast<double>(last), b.bytes_served(), 200);
}
TEST(SharedBandwidth, MoreClassesThanAreKeptTrackOfAreRefused) {
  SharedBandwidth b(BytesPerSecond{1e12});
  for (int i = 0; i < 64; ++i) b.add_class(BytesPerSecond{1e12});
  EXPECT_THROW(b.add_class(BytesPerSecond{1e12}), std::length_error);
}
TEST(SharedBandwidth, OneFlowRunsAtItsCap) {
  SharedBandwidth b(BytesPerSecond{1e12});  // 1 byte/ps
  const int c = b.add_class(BytesPerSecond{0.5e12});
  b.start(0, c, 1000, 0);
  EXPECT_EQ(finish_all(b, 1)[0], 2000);
}
TEST(SharedBandwidth, EqualFlowsShareTheChannel) {
  SharedBandwidth b(BytesPerSecond{1e12});
  const int c = b.add_class(BytesPerSecond{1e12});
  for (int i = 0; i < 4; ++i) b.start(0, c, 1000, i);
  for (Picoseconds t : finish_all(b, 4)) EXPECT_EQ(t, 4000);
}
TEST(SharedBandwidth, WhatACappedFlowCannotUseGoesToTheOthers) {
  SharedBandwidth b(BytesPerSecond{1e12});
  const int slow = b.add_class(BytesPerSecond{0.1e12});
  const int fast = b.add_class(BytesPerSecond{1e12});
  b.start(0, slow, 1000, 0);
  b.start(0, fast, 900, 1);
  const auto ends = finish_all(b, 2);
  EXPECT_EQ(ends[1], 1000);
  EXPECT_EQ(ends[0], 10000);
}
TEST(SharedBandwidth, ALateFlowSlowsTheFirstFromThenOn) {
  SharedBandwidth b(BytesPerSecond{1e12});
  const int c = b.add_class(BytesPerSecond{1e12});
  b.start(0, c, 1000, 0);
  b.start(500, c, 1000, 1);
  const auto ends = finish_all(b, 2);
  EXPECT_EQ(ends[0], 1500);
  EXPECT_EQ(ends[1], 2000);
}
TEST(SharedBandwidth, FlowsOnFewSlicesWaitForEachOther) {
  // One flow on one slice of eight has an eighth; n such flows n / (n + 7); flows on all slices the whole.
  for (int n : {1, 4, 24}) {
    for (int footprint : {1, 8}) {
      SharedBandwidth b(BytesPerSecond{1e12});
      b.slices(BytesPerSecond{1e12}, 8);
      const int c = b.add_class(BytesPerSecond{1e12}, footprint);
      for (int i = 0; i < n; ++i) b.start(0, c, 1000, i);
      const double busy = footprint == 8 ? 1.0 : n / (n + 7.0);
      for (Picoseconds t : finish_all(b, n)) EXPECT_NEAR(static_cast<double>(t), 1000 * n / busy, 1);
    }
  }
}
TEST(SharedBandwidth, AClassMayComeWhileFlowsAreUnderWay) {
  SharedBandwidth b(BytesPerSecond{1e12});
  b.start(0, b.add_class(BytesPerSecond{0.4e12}), 1000, 0);
  b.start(0, b.add_class(BytesPerSecond{0.1e12}), 1000, 1);  // before the first in order of caps
  const auto ends = finish_all(b, 2);
  EXPECT_NEAR(static_cast<double>(ends[0]), 2500, 1);
  EXPECT_NEAR(static_cast<double>(ends[1]), 10000, 1);
}
TEST(SharedBandwidth, BytesInAreBytesOut) {
  SharedBandwidth b(BytesPerSecond{3e12});
  const int c = b.add_class(BytesPerSecond{0.2e12});
  double sum = 0;
  for (int i = 0; i < 100; ++i) {
    b.start(i * 7, c, 100 + 13 * i, i);
    sum += 100 + 13 * i;
  }
  finish_all(b, 100);
  EXPECT_DOUBLE_EQ(b.bytes_served(), sum);
}

}  // namespace
}  // namespace etalon::engine
