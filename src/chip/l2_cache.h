// SPDX-License-Identifier: Apache-2.0
#pragma once

// The L2 of one device, tracked in blocks (default 16 KiB). A block is a rectangle of the buffer's matrix
// (`pitch` known) or a run of addresses (pitch 0). Inside a block 64 sectors are a bit mask, so which lines
// are present is arithmetic, not a list. Write-back, write-allocate; least recently used or random
// replacement.
//
// Where a block is as small as a line, lines are tracked one by one, by address, whatever the pitch: exact,
// and slow. The tests compare the blocks with it.
//
// An L2 may be built of partitions, each serving the cores near it: a core reads and writes through its own
// partition, which keeps a copy of what other partitions hold, so data read by all cores occupy all of them.
//
// What it leaves out: slices (chip/l2_slices.h), sets and ways; where a GPU's effective capacity stands for
// its partitions, those too.

#include <cstdint>
#include <vector>

#include "chip/machine.h"

namespace etalon::chip {

class L2Cache {
 public:
  struct Config {
    std::int64_t capacity = 0;
    std::int64_t block = 16384;
    std::int64_t line = 128;
    int partitions = 1;
    bool random_replacement = false;
  };
  // What an access found. Bytes are those of the lines touched.
  struct Outcome {
    double hit_bytes = 0, miss_bytes = 0;
    double evicted_dirty_bytes = 0;
    std::int32_t in_flight[4] = {-1, -1, -1, -1};  // fetches (tags) this access must wait for, first few
    int in_flight_count = 0;
  };

  explicit L2Cache(const Config& config);
  Address allocate(std::int64_t bytes, std::int64_t pitch);
  void free_all();

  // Looks the region up and brings it in. `tag` >= 0 names the transfer that fetches what is missing.
  Outcome access(const Region& region, bool write, bool allocate, std::int32_t tag, int partition = 0);
  void fetched(std::int32_t tag);  // the transfer's data has arrived
  void flush();
  double resident_bytes(const Region& region) const;

 private:
  struct Buffer {
    Address base = 0;
    std::int64_t bytes = 0, pitch = 0;
    std::int64_t block_columns = 0;  // blocks side by side in one band of rows (pitch > 0)
    std::uint64_t first_block = 0;
    std::uint64_t blocks = 0;
    std::int64_t cached = 0;  // blocks now in the cache
  };
  struct Slot {
    std::uint64_t block = 0;
    std::uint64_t present = 0, dirty = 0;
    std::int32_t fetch = -1;
    std::int32_t newer = -1, older = -1;
    std::int32_t buffer = -1;
  };
  // One partition: its slots, in order of use.
  struct Partition {
    std::vector<std::int32_t> block_slot;  // block id -> slot, -1 if absent
    std::vector<Slot> slots;
    std::int32_t used = 0, newest = -1, oldest = -1;
    std::vector<std::vector<std::int32_t>> fetch_slots;  // per tag: slots being fetched
  };

  template <class Visit>
  void for_each_block(Buffer& buffer, const Region& region, Visit&& visit) const;
  const Buffer& buffer_of(Address address) const;
  [[noreturn]] static void outside(Address address);
  void layout(Buffer& buffer) const;
  void touch_block(Outcome& out, Partition& part, std::int32_t buffer, std::uint64_t block,
                   std::uint64_t mask, bool write, bool allocate, std::int32_t tag);
  std::int32_t take_slot(Outcome& out, Partition& part, std::int32_t buffer);
  std::uint64_t present_elsewhere(Outcome& out, Partition& part, std::int32_t mine, std::uint64_t missing);
  static void mark_fetch(Partition& part, std::int32_t slot, std::int32_t tag);
  void invalidate_elsewhere(const Partition& part, std::uint64_t block, std::uint64_t mask);
  static void wait_for(Outcome& out, std::int32_t fetch, std::int32_t tag);
  static void unlink(Partition& part, std::int32_t s);
  static void link_newest(Partition& part, std::int32_t s);
  void resize_blocks();

  // A positive divisor, a shift where it is a power of two.
  struct Divisor {
    std::int64_t value = 1;
    int shift = -1;
    explicit Divisor(std::int64_t v);
    std::int64_t quotient(std::int64_t x) const { return shift >= 0 ? x >> shift : x / value; }
  };

  Config config_;
  bool lines_;  // every line for itself
  double sector_bytes_;
  Divisor block_, sector_;            // bytes
  Divisor tile_columns_, tile_rows_;  // a block of a pitched buffer, bytes wide and rows high
  int sectors_per_row_, rows_per_sector_;
  std::vector<Buffer> buffers_;
  std::vector<std::int32_t> buffer_at_;  // per MiB of addresses: the last buffer that begins at or before it
  std::vector<Partition> partitions_;
  std::uint64_t random_ = 0x9e3779b97f4a7c15ull;
  std::uint64_t next_block_ = 0;
  Address next_address_ = 0;
};

}  // namespace etalon::chip
