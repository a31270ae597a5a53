// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which bytes of a device's memory have been written since they were allocated, for the hazard checker:
// copies and fills of the host mark them here, kernels in their child process, in the same shared pages.

#include <cstdint>
#include <map>
#include <vector>

#include "ascendc/hazards/checker.h"

namespace etalon::ascendc {

class WrittenMemory {
 public:
  WrittenMemory() = default;
  ~WrittenMemory();
  WrittenMemory(const WrittenMemory&) = delete;
  WrittenMemory& operator=(const WrittenMemory&) = delete;

  void add(const void* base, std::int64_t bytes);  // nothing of it is written
  void remove(const void* base);
  void mark(const void* begin, std::uint64_t count);  // elsewhere: nothing happens
  std::vector<WrittenBytes> all() const;

 private:
  std::map<const void*, WrittenBytes> regions_;
};

}  // namespace etalon::ascendc
