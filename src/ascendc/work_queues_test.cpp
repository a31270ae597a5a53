// SPDX-License-Identifier: Apache-2.0
// Jobs of many queues, carried out by several threads, as if one after another.
#include "ascendc/launch/work_queues.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "ascendc/launch/device_order.h"
#include "base/rng.h"

namespace etalon::ascendc {
namespace {

constexpr int kQueues = 7, kJobs = 20000;
constexpr double kMuch = 1 << 20;  // enough for threads to be started

NumberJob job_of(int number) {
  NumberJob job;
  job.kind = NumberJob::Kind::fill;
  job.fill = {};
  job.fill.bytes = number;
  return job;
}

// Each job mixes its number into one or two of 50 words; jobs that share a word must keep their order.
std::vector<std::uint64_t> words_of(int threads) {
  std::vector<std::uint64_t> words(50, 1);
  struct Use {
    std::size_t from, to;
  };
  std::vector<Use> uses;
  Rng rng(20261124, "words");
  for (int i = 0; i < kJobs; ++i) uses.push_back({rng.below(50), rng.below(50)});
  WorkQueues queues(kQueues, threads, [&](int, const NumberJob& job) {
    const Use u = uses[static_cast<std::size_t>(job.fill.bytes)];
    words[u.to] =
        words[u.to] * 6364136223846793005u + words[u.from] + static_cast<std::uint64_t>(job.fill.bytes);
  });
  DeviceOrder order(queues);
  for (int i = 0; i < kJobs; ++i) {
    const int queue = static_cast<int>(rng.below(kQueues));
    const Use u = uses[static_cast<std::size_t>(i)];
    const DeviceRows from{&words[u.from], 1, 8, 8, false}, to{&words[u.to], 1, 8, 8, true};
    NumberJob job = job_of(i);
    order.needs_of(from, queue, job.needs);
    order.needs_of(to, queue, job.needs);
    queues.put(queue, std::move(job), kMuch);
    order.note(from, {queue, queues.put_in(queue)});
    order.note(to, {queue, queues.put_in(queue)});
    if (rng.below(500) == 0) queues.settle(static_cast<int>(rng.below(kQueues)));
  }
  queues.settle_all();
  return words;
}

TEST(WorkQueues, JobsThatShareMemoryAreCarriedOutInTheOrderTheyWerePutIn) {
  const std::vector<std::uint64_t> one = words_of(1);
  for (const int threads : {2, 4, 9}) EXPECT_EQ(words_of(threads), one) << threads;
}

TEST(WorkQueues, WhatIsOwedIsWaitedFor) {
  for (const int threads : {1, 3}) {
    std::vector<int> seen;  // by jobs of queue 1, after those of queue 0
    int value = 0;
    WorkQueues queues(2, threads, [&](int queue, const NumberJob& job) {
      if (queue == 0)
        value = static_cast<int>(job.fill.bytes);
      else
        seen.push_back(value);
    });
    for (int i = 0; i < 1000; ++i) {
      NumberJob job = job_of(i);
      job.needs.push_back({1, queues.put_in(1)});
      queues.put(0, std::move(job), kMuch);
      queues.owe(1, {0, queues.put_in(0)});
      queues.put(1, job_of(0), kMuch);
    }
    queues.settle_all();
    ASSERT_EQ(seen.size(), 1000u);
    for (int i = 0; i < 1000; ++i) EXPECT_EQ(seen[static_cast<std::size_t>(i)], i);
  }
}

TEST(WorkQueues, WhoAsksForTheResultsGetsTheException) {
  for (const int threads : {1, 3}) {
    WorkQueues queues(2, threads, [](int, const NumberJob& job) {
      if (job.fill.bytes == 10) throw std::runtime_error("ten");
    });
    for (int i = 0; i < 20; ++i) queues.put(1, job_of(i), kMuch);
    EXPECT_NO_THROW(queues.settle(0));
    EXPECT_THROW(queues.settle(1), std::runtime_error);
  }
}

}  // namespace
}  // namespace etalon::ascendc
