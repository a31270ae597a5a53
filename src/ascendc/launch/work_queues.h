// SPDX-License-Identifier: Apache-2.0
#pragma once

// Numbers that are computed later, by several host threads. Each core has a queue of jobs that are carried
// out in order, by one thread at a time; a job may have to wait for jobs of other queues that were put in
// before it. So whatever the threads do, the outcome is that of carrying out all jobs one after another in
// the order they were put in. One thread, the control thread, puts in and asks; it helps while it waits.

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "ascendc/api/ascendc/abi.h"

namespace etalon::ascendc {

// Job `before - 1` of a queue, and so all before it, must have been carried out.
struct JobNeed {
  int queue = 0;
  std::uint64_t before = 0;
};

// One instruction with all that its numbers depend on besides memory.
struct NumberJob {
  enum class Kind : std::uint8_t { vector, move, load, mmad, fixpipe, fill } kind = Kind::vector;
  std::uint8_t atomic_op = 0, atomic_type = 0;
  float deq_scale = 1;
  struct Fill {
    int space;
    std::uint32_t offset;
    std::int64_t bytes;
    std::uint64_t bits;
    int bytes_per;
  };
  union {
    etalon_asc_vector vector;
    etalon_asc_move move;
    etalon_asc_load load;
    etalon_asc_mmad mmad;
    etalon_asc_fixpipe fixpipe;
    Fill fill;
  };
  std::unique_ptr<std::array<std::uint32_t, 32>> lists;  // what vector.lists points to
  std::vector<JobNeed> needs;

  NumberJob() : vector() {}
};

// Host threads for numbers: ETALON_THREADS, else as many as this process may run at a time; at least 1.
int threads_for_numbers();

class WorkQueues {
 public:
  using CarryOut = std::function<void(int queue, const NumberJob& job)>;
  // `threads` counts the control thread.
  WorkQueues(int queues, int threads, CarryOut carry_out);
  ~WorkQueues();  // jobs that are left are dropped
  WorkQueues(const WorkQueues&) = delete;

  // For the control thread. `work` is about how many bytes or steps the job takes; threads are started once
  // there is enough of it.
  void put(int queue, NumberJob job, double work);
  std::uint64_t put_in(int queue) const { return queues_[static_cast<std::size_t>(queue)].put; }
  bool done(const JobNeed& need) const {
    return queues_[static_cast<std::size_t>(need.queue)].done.load(std::memory_order_acquire) >= need.before;
  }
  // The next job of `queue`, or who asks for its results, waits for `need`.
  void owe(int queue, const JobNeed& need);
  // Returns when the jobs are done, and throws what a job of that queue threw.
  void wait_for(const JobNeed& need);
  void settle(int queue);
  void settle_all();

  static constexpr std::uint64_t kLength = 256;  // jobs a queue holds at most

 private:
  enum class State : std::uint8_t { idle, ready, running, parked };
  struct Queue {
    std::vector<NumberJob> jobs;  // a ring
    std::uint64_t put = 0;        // control thread only
    std::vector<JobNeed> owed;    // likewise
    std::atomic<std::uint64_t> done{0};
    std::atomic<bool> is_awaited{false};
    // Under the mutex.
    std::uint64_t published = 0;
    State state = State::idle;
    JobNeed blocked_on;        // if parked
    std::vector<int> waiting;  // queues parked for this one
    std::exception_ptr failure;
  };

  using Lock = std::unique_lock<std::mutex>;
  Queue& at(int queue) { return queues_[static_cast<std::size_t>(queue)]; }
  void publish(int queue);
  void make_ready(int queue);       // with the lock
  void run(int queue, Lock& lock);  // takes the queue; ends with it idle or parked
  bool park(int queue, const JobNeed& need, Lock& lock);
  void wake_waiting(Queue& queue);  // with the lock
  void work();
  void start_threads();

  std::deque<Queue> queues_;
  CarryOut carry_out_;
  std::mutex mutex_;
  std::condition_variable for_workers_, for_control_;
  std::deque<int> ready_;
  std::vector<std::thread> threads_;
  int wanted_threads_ = 0;
  double work_ = 0;
  bool stops_ = false;
  std::atomic<bool> has_failed_{false};
};

}  // namespace etalon::ascendc
