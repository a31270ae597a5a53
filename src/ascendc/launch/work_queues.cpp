// SPDX-License-Identifier: Apache-2.0
#include "ascendc/launch/work_queues.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <system_error>

namespace etalon::ascendc {
namespace {

constexpr std::uint64_t kBatch = 16;       // jobs that become visible to other threads together
constexpr double kWorthThreads = 4 << 20;  // bytes or steps: about a millisecond
constexpr int kMostThreads = 256;

}  // namespace

int threads_for_numbers() {
  if (const char* text = std::getenv("ETALON_THREADS"); text != nullptr && *text != '\0') {
    char* end = nullptr;
    const long n = std::strtol(text, &end, 10);
    if (*end == '\0' && n > 0) return static_cast<int>(std::min<long>(n, kMostThreads));
  }
  return static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1u, unsigned{kMostThreads}));
}

WorkQueues::WorkQueues(int queues, int threads, CarryOut carry_out)
    : carry_out_(std::move(carry_out)), wanted_threads_(threads - 1) {
  for (int i = 0; i < queues; ++i) queues_.emplace_back();
}

WorkQueues::~WorkQueues() {
  {
    const Lock lock(mutex_);
    stops_ = true;
  }
  for_workers_.notify_all();
  for (auto& t : threads_) t.join();
}

// Signals are for the control thread, which knows what the kernel is doing.
void WorkQueues::start_threads() {
  sigset_t all, before;
  sigfillset(&all);
  for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP}) sigdelset(&all, fault);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    while (static_cast<int>(threads_.size()) < wanted_threads_) threads_.emplace_back([this] { work(); });
  } catch (const std::system_error&) {  // the host lends no more: those there are do the work
  }
  wanted_threads_ = 0;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void WorkQueues::put(int queue, NumberJob job, double work) {
  Queue& q = at(queue);
  if (q.jobs.empty()) q.jobs.resize(kLength);
  if (!q.owed.empty()) {
    job.needs.insert(job.needs.end(), q.owed.begin(), q.owed.end());
    q.owed.clear();
  }
  if (q.put - q.done.load(std::memory_order_acquire) == kLength) wait_for({queue, q.put - kLength / 2});
  q.jobs[q.put % kLength] = std::move(job);
  ++q.put;
  if (wanted_threads_ > 0 && (work_ += work) > kWorthThreads) start_threads();
  if (q.put % kBatch == 0) publish(queue);
}

void WorkQueues::owe(int queue, const JobNeed& need) {
  std::vector<JobNeed>& owed = at(queue).owed;
  std::erase_if(owed, [&](const JobNeed& n) { return n.queue == need.queue; });  // this one is later
  owed.push_back(need);
}

void WorkQueues::publish(int queue) {
  const Lock lock(mutex_);
  Queue& q = at(queue);
  q.published = q.put;
  if (q.state == State::idle) make_ready(queue);
}

void WorkQueues::make_ready(int queue) {
  at(queue).state = State::ready;
  ready_.push_back(queue);
  for_workers_.notify_one();
}

// Whether the queue now waits for another one; the lock is held then.
bool WorkQueues::park(int queue, const JobNeed& need, Lock& lock) {
  if (done(need)) return false;
  lock.lock();
  Queue& other = at(need.queue);
  other.is_awaited.store(true);
  if (other.done.load() >= need.before) {  // in the meantime
    other.is_awaited.store(!other.waiting.empty());
    lock.unlock();
    return false;
  }
  other.waiting.push_back(queue);
  at(queue).state = State::parked;
  at(queue).blocked_on = need;
  return true;
}

void WorkQueues::wake_waiting(Queue& q) {
  std::erase_if(q.waiting, [&](int queue) {
    if (!done(at(queue).blocked_on)) return false;
    make_ready(queue);
    return true;
  });
  q.is_awaited.store(!q.waiting.empty());
}

void WorkQueues::run(int queue, Lock& lock) {
  Queue& q = at(queue);
  q.state = State::running;
  while (q.done.load(std::memory_order_relaxed) < q.published) {
    const std::uint64_t end = q.published;
    const bool is_broken = q.failure != nullptr;
    lock.unlock();
    for (std::uint64_t next = q.done.load(std::memory_order_relaxed); next < end; ++next) {
      const NumberJob& job = q.jobs[next % kLength];
      for (const JobNeed& need : job.needs) {
        if (park(queue, need, lock)) {
          for_control_.notify_one();
          return;
        }
      }
      try {
        if (!is_broken) carry_out_(queue, job);
      } catch (...) {
        const Lock failed(mutex_);
        if (!q.failure) q.failure = std::current_exception();
        has_failed_.store(true);
      }
      q.done.store(next + 1);
      if (q.is_awaited.load()) {
        const Lock waking(mutex_);
        wake_waiting(q);
        for_control_.notify_one();
      }
    }
    lock.lock();
  }
  q.state = State::idle;
  for_control_.notify_one();
}

void WorkQueues::work() {
  Lock lock(mutex_);
  while (true) {
    for_workers_.wait(lock, [this] { return stops_ || !ready_.empty(); });
    if (stops_) return;
    const int queue = ready_.front();
    ready_.pop_front();
    run(queue, lock);
  }
}

void WorkQueues::wait_for(const JobNeed& need) {
  Queue& q = at(need.queue);
  if (!done(need)) {
    Lock lock(mutex_);
    q.published = q.put;
    while (!done(need)) {
      // What this queue waits for comes first. Its needs were put in before it, so this ends.
      int queue = need.queue;
      while (at(queue).state == State::parked) {
        queue = at(queue).blocked_on.queue;
        at(queue).published = at(queue).put;
      }
      if (at(queue).state == State::running && !ready_.empty()) queue = ready_.front();
      if (at(queue).state == State::running) {
        for_control_.wait(lock);
        continue;
      }
      if (at(queue).state == State::ready) std::erase(ready_, queue);
      run(queue, lock);
    }
  }
  if (!has_failed_.load()) return;
  const Lock lock(mutex_);
  if (q.failure) std::rethrow_exception(q.failure);
}

void WorkQueues::settle(int queue) {
  Queue& q = at(queue);
  for (const JobNeed& need : q.owed) wait_for(need);
  q.owed.clear();
  wait_for({queue, q.put});
}

void WorkQueues::settle_all() {
  for (std::size_t i = 0; i < queues_.size(); ++i) {
    if (queues_[i].put > queues_[i].published) publish(static_cast<int>(i));
  }
  for (std::size_t i = 0; i < queues_.size(); ++i) settle(static_cast<int>(i));
}

}  // namespace etalon::ascendc
