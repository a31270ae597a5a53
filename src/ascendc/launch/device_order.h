// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which jobs that are still to be carried out touch which device memory, so that a later one can wait for
// those whose bytes it shares. Used by the control thread alone.

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "ascendc/launch/work_queues.h"

namespace etalon::ascendc {

// Rows of bytes of device memory, by host address; as a whole if they lie close together.
struct DeviceRows {
  const void* begin = nullptr;
  std::int64_t rows = 1, row_bytes = 0, pitch = 0;
  bool write = false;
};

class DeviceOrder {
 public:
  explicit DeviceOrder(const WorkQueues& queues) : queues_(queues) {}

  // What has to be done before `queue` may touch the rows: writes, and for a write reads too.
  void needs_of(const DeviceRows& rows, int queue, std::vector<JobNeed>& needs);
  // Job `needs.before` - 1 of its queue will touch the rows.
  void note(const DeviceRows& rows, const JobNeed& job);

 private:
  static constexpr std::uint64_t kPageBits = 16;
  struct Span {
    std::uint64_t begin = 0, end = 0;
    JobNeed job;
  };
  struct Page {
    std::vector<Span> reads, writes;  // at most one of each queue
  };
  template <class F>
  static void each_span(const DeviceRows& rows, F f);
  void collect(std::vector<Span>& spans, std::uint64_t begin, std::uint64_t end, int queue,
               std::vector<JobNeed>& needs);

  const WorkQueues& queues_;
  std::unordered_map<std::uint64_t, Page> pages_;
};

}  // namespace etalon::ascendc
