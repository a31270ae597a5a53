// SPDX-License-Identifier: Apache-2.0
#include "ascendc/launch/device_order.h"

#include <algorithm>

namespace etalon::ascendc {

// f(begin, end, page) for every page that a stretch of the rows lies in.
template <class F>
void DeviceOrder::each_span(const DeviceRows& r, F f) {
  const auto base = reinterpret_cast<std::uintptr_t>(r.begin);
  const bool one = r.rows == 1 || r.pitch < std::int64_t{2} << kPageBits;
  const std::int64_t count = one ? 1 : r.rows,
                     bytes = one ? (r.rows - 1) * r.pitch + r.row_bytes : r.row_bytes;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::uint64_t begin = base + static_cast<std::uint64_t>(i * r.pitch);
    const std::uint64_t end = begin + static_cast<std::uint64_t>(bytes);
    for (std::uint64_t page = begin >> kPageBits; page <= (end - 1) >> kPageBits; ++page) f(begin, end, page);
  }
}

// What of the spans is done is forgotten on the way.
void DeviceOrder::collect(std::vector<Span>& spans, std::uint64_t begin, std::uint64_t end, int queue,
                          std::vector<JobNeed>& needs) {
  std::erase_if(spans, [&](const Span& s) {
    if (queues_.done(s.job)) return true;
    if (s.job.queue == queue || s.end <= begin || end <= s.begin) return false;
    const auto same =
        std::find_if(needs.begin(), needs.end(), [&](const JobNeed& n) { return n.queue == s.job.queue; });
    if (same == needs.end())
      needs.push_back(s.job);
    else
      same->before = std::max(same->before, s.job.before);
    return false;
  });
}

void DeviceOrder::needs_of(const DeviceRows& rows, int queue, std::vector<JobNeed>& needs) {
  each_span(rows, [&](std::uint64_t begin, std::uint64_t end, std::uint64_t number) {
    const auto at = pages_.find(number);
    if (at == pages_.end()) return;
    collect(at->second.writes, begin, end, queue, needs);
    if (rows.write) collect(at->second.reads, begin, end, queue, needs);
  });
}

void DeviceOrder::note(const DeviceRows& rows, const JobNeed& job) {
  each_span(rows, [&](std::uint64_t begin, std::uint64_t end, std::uint64_t number) {
    Page& page = pages_[number];
    auto& spans = rows.write ? page.writes : page.reads;
    const auto same =
        std::find_if(spans.begin(), spans.end(), [&](const Span& s) { return s.job.queue == job.queue; });
    if (same == spans.end()) {
      spans.push_back({begin, end, job});
    } else if (queues_.done(same->job)) {
      *same = {begin, end, job};
    } else {
      *same = {std::min(same->begin, begin), std::max(same->end, end), job};
    }
  });
}

}  // namespace etalon::ascendc
