// SPDX-License-Identifier: Apache-2.0
#include "chip/l2_cache.h"

#include <algorithm>
#include <bit>
#include <stdexcept>

namespace etalon::chip {

namespace {

constexpr int kSectors = 64;
constexpr int kMiB = 20;  // bits

std::uint64_t bits(int first, int count) {
  if (count >= kSectors) return ~0ull;
  return ((1ull << count) - 1) << first;
}

int count_bits(std::uint64_t x) {  // without the instruction that not every x86-64 has
  if (x == ~0ull) return kSectors;
  x -= (x >> 1) & 0x5555555555555555ull;
  x = (x & 0x3333333333333333ull) + ((x >> 2) & 0x3333333333333333ull);
  x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0full;
  return static_cast<int>((x * 0x0101010101010101ull) >> 56);
}

}  // namespace

L2Cache::Divisor::Divisor(std::int64_t v)
    : value(v),
      shift(std::has_single_bit(static_cast<std::uint64_t>(v))
                ? std::countr_zero(static_cast<std::uint64_t>(v))
                : -1) {}

L2Cache::L2Cache(const Config& config)
    : config_(config),
      lines_(config.block <= config.line),
      sector_bytes_(static_cast<double>(config.block) / kSectors),
      block_(config.block),
      sector_(std::max<std::int64_t>(1, config.block / kSectors)),
      tile_columns_(std::max<std::int64_t>(128, config.line)),
      tile_rows_(std::max<std::int64_t>(1, config.block / tile_columns_.value)) {
  if (config_.block < kSectors || config_.block % kSectors != 0)
    throw std::invalid_argument("an L2 block is a multiple of 64 bytes");
  sectors_per_row_ = std::max<int>(1, static_cast<int>(kSectors / tile_rows_.value));
  rows_per_sector_ = std::max<int>(1, static_cast<int>(tile_rows_.value / kSectors));
  partitions_.resize(std::max(1, config_.partitions));
  const auto slots = config_.capacity / config_.block / static_cast<std::int64_t>(partitions_.size());
  for (auto& part : partitions_) part.slots.resize(std::max<std::int64_t>(1, slots));
}

void L2Cache::resize_blocks() {
  for (auto& part : partitions_) part.block_slot.resize(next_block_, -1);
}

void L2Cache::layout(Buffer& b) const {
  if (b.pitch > 0) {
    b.block_columns = tile_columns_.quotient(b.pitch + tile_columns_.value - 1);
    const std::int64_t rows = (b.bytes + b.pitch - 1) / b.pitch;
    b.blocks = static_cast<std::uint64_t>(b.block_columns * tile_rows_.quotient(rows + tile_rows_.value - 1));
  } else {
    b.blocks = static_cast<std::uint64_t>((b.bytes + config_.block - 1) / config_.block);
  }
}

Address L2Cache::allocate(std::int64_t bytes, std::int64_t pitch) {
  Buffer b;
  b.base = next_address_;
  b.bytes = std::max<std::int64_t>(bytes, 1);
  b.pitch = lines_ ? 0 : pitch;
  layout(b);
  // Room for either layout: the pitch may be learnt later.
  const auto linear = static_cast<std::uint64_t>((b.bytes + config_.block - 1) / config_.block);
  b.first_block = next_block_;
  next_block_ += std::max(b.blocks, linear);
  next_address_ += static_cast<Address>((b.bytes + 4095) / 4096 * 4096 + 4096);
  resize_blocks();
  buffers_.push_back(b);
  const auto index = static_cast<std::int32_t>(buffers_.size()) - 1;
  while ((buffer_at_.size() << kMiB) < next_address_) buffer_at_.push_back(index);
  return b.base;
}

void L2Cache::free_all() {
  flush();
  buffers_.clear();
  buffer_at_.clear();
  for (auto& part : partitions_) part.block_slot.clear();
  next_block_ = 0;
  next_address_ = 0;
}

void L2Cache::flush() {
  for (auto& part : partitions_) {
    for (std::int32_t s = 0; s < part.used; ++s) {
      if (part.slots[s].buffer >= 0) part.block_slot[part.slots[s].block] = -1;
      part.slots[s] = Slot{};
    }
    part.used = 0;
    part.newest = part.oldest = -1;
  }
  for (auto& b : buffers_) b.cached = 0;
}

const L2Cache::Buffer& L2Cache::buffer_of(Address address) const {
  if (address >= next_address_) outside(address);
  auto i = static_cast<std::size_t>(buffer_at_[address >> kMiB]);
  while (i + 1 < buffers_.size() && buffers_[i + 1].base <= address) ++i;
  const Buffer& b = buffers_[i];
  if (address >= b.base + static_cast<Address>(b.bytes)) outside(address);
  return b;
}

void L2Cache::outside(Address address) {
  throw std::logic_error("device address " + std::to_string(address) + " lies in no allocated buffer");
}

// Calls visit(block id, sector mask) for every block the region touches.
template <class Visit>
void L2Cache::for_each_block(Buffer& b, const Region& region, Visit&& visit) const {
  const std::int64_t offset = static_cast<std::int64_t>(region.address - b.base);
  const auto linear = [&](std::int64_t begin, std::int64_t end) {
    while (begin < end) {
      const std::int64_t block = block_.quotient(begin);
      const std::int64_t stop = std::min(end, (block + 1) * config_.block);
      const int first = static_cast<int>(sector_.quotient(begin - block * config_.block));
      const int last = static_cast<int>(sector_.quotient(stop - 1 - block * config_.block));
      visit(b.first_block + static_cast<std::uint64_t>(block),
            lines_ ? ~0ull : bits(first, last - first + 1));
      begin = stop;
    }
  };
  const auto rectangle = [&](std::int64_t row0, std::int64_t rows, std::int64_t column0, std::int64_t width) {
    const std::int64_t first = tile_columns_.quotient(column0),
                       last = tile_columns_.quotient(column0 + width - 1);
    for (std::int64_t row = row0; row < row0 + rows;) {
      const std::int64_t band = tile_rows_.quotient(row);
      const std::int64_t row_stop = std::min(row0 + rows, (band + 1) * tile_rows_.value);
      const int r0 = static_cast<int>(row - band * tile_rows_.value),
                r1 = static_cast<int>(row_stop - band * tile_rows_.value);
      const std::uint64_t mask =
          sectors_per_row_ > 1
              ? bits(r0 * sectors_per_row_, (r1 - r0) * sectors_per_row_)
              : bits(r0 / rows_per_sector_, (r1 - 1) / rows_per_sector_ - r0 / rows_per_sector_ + 1);
      for (std::int64_t c = first; c <= last; ++c) {
        visit(b.first_block + static_cast<std::uint64_t>(band * b.block_columns + c), mask);
      }
      row = row_stop;
    }
  };
  const bool contiguous = region.rows == 1 || region.pitch == region.row_bytes;
  if (b.pitch == 0) {
    if (contiguous) {
      linear(offset, offset + region.bytes());
    } else {
      for (std::int64_t r = 0; r < region.rows; ++r) {
        linear(offset + r * region.pitch, offset + r * region.pitch + region.row_bytes);
      }
    }
    return;
  }
  const std::int64_t row0 = offset / b.pitch, column0 = offset % b.pitch;
  if (region.rows > 1 && region.pitch == b.pitch && column0 + region.row_bytes <= b.pitch) {
    rectangle(row0, region.rows, column0, region.row_bytes);
    return;
  }
  const std::int64_t pieces = contiguous ? 1 : region.rows;
  const std::int64_t piece_bytes = contiguous ? region.bytes() : region.row_bytes;
  for (std::int64_t p = 0; p < pieces; ++p) {  // runs of addresses cut at the buffer's rows
    std::int64_t at = offset + p * region.pitch, left = piece_bytes;
    while (left > 0) {
      const std::int64_t row = at / b.pitch, column = at % b.pitch;
      if (column == 0 && left >= b.pitch) {
        const std::int64_t rows = left / b.pitch;
        rectangle(row, rows, 0, b.pitch);
        at += rows * b.pitch;
        left -= rows * b.pitch;
      } else {
        const std::int64_t width = std::min(left, b.pitch - column);
        rectangle(row, 1, column, width);
        at += width;
        left -= width;
      }
    }
  }
}

void L2Cache::unlink(Partition& part, std::int32_t s) {
  Slot& x = part.slots[s];
  if (x.newer >= 0)
    part.slots[x.newer].older = x.older;
  else
    part.newest = x.older;
  if (x.older >= 0)
    part.slots[x.older].newer = x.newer;
  else
    part.oldest = x.newer;
}

void L2Cache::link_newest(Partition& part, std::int32_t s) {
  part.slots[s].newer = -1;
  part.slots[s].older = part.newest;
  if (part.newest >= 0) part.slots[part.newest].newer = s;
  part.newest = s;
  if (part.oldest < 0) part.oldest = s;
}

std::int32_t L2Cache::take_slot(Outcome& out, Partition& part, std::int32_t buffer) {
  std::int32_t s;
  if (part.used < static_cast<std::int32_t>(part.slots.size())) {
    s = part.used++;
  } else {
    if (config_.random_replacement) {
      random_ ^= random_ << 13;
      random_ ^= random_ >> 7;
      random_ ^= random_ << 17;
      s = static_cast<std::int32_t>(random_ % part.slots.size());
    } else {
      s = part.oldest;
    }
    unlink(part, s);
    out.evicted_dirty_bytes += count_bits(part.slots[s].dirty) * sector_bytes_;
    part.block_slot[part.slots[s].block] = -1;
    --buffers_[part.slots[s].buffer].cached;
  }
  part.slots[s] = Slot{};
  part.slots[s].buffer = buffer;
  ++buffers_[buffer].cached;
  link_newest(part, s);
  return s;
}

// Sectors that another partition holds: they come from there at L2 speed, not from memory.
std::uint64_t L2Cache::present_elsewhere(Outcome& out, Partition& part, std::int32_t mine,
                                         std::uint64_t missing) {
  std::uint64_t found = 0;
  const std::uint64_t block = part.slots[mine].block;
  for (const auto& other : partitions_) {
    if (&other == &part || other.block_slot[block] < 0) continue;
    const Slot& slot = other.slots[other.block_slot[block]];
    if ((slot.present & missing) != 0 && slot.fetch >= 0) {  // still on its way to the other partition
      wait_for(out, slot.fetch, -1);
      mark_fetch(part, mine, slot.fetch);
    }
    found |= slot.present & missing;
  }
  return found;
}

void L2Cache::mark_fetch(Partition& part, std::int32_t slot, std::int32_t tag) {
  part.slots[slot].fetch = tag;
  if (part.fetch_slots.size() <= static_cast<std::size_t>(tag)) part.fetch_slots.resize(tag + 1);
  part.fetch_slots[tag].push_back(slot);
}

void L2Cache::invalidate_elsewhere(const Partition& part, std::uint64_t block, std::uint64_t mask) {
  for (auto& other : partitions_) {
    if (&other == &part || other.block_slot[block] < 0) continue;
    Slot& slot = other.slots[other.block_slot[block]];
    slot.present &= ~mask;
    slot.dirty &= ~mask;
  }
}

void L2Cache::wait_for(Outcome& out, std::int32_t fetch, std::int32_t tag) {
  if (fetch < 0 || fetch == tag || out.in_flight_count >= 4) return;
  if (out.in_flight_count > 0 && out.in_flight[out.in_flight_count - 1] == fetch) return;
  out.in_flight[out.in_flight_count++] = fetch;
}

void L2Cache::touch_block(Outcome& out, Partition& part, std::int32_t buffer, std::uint64_t block,
                          std::uint64_t mask, bool write, bool allocate, std::int32_t tag) {
  std::int32_t s = part.block_slot[block];
  if (s < 0) {
    if (!allocate) {
      (write ? out.hit_bytes : out.miss_bytes) += count_bits(mask) * sector_bytes_;
      return;
    }
    s = take_slot(out, part, buffer);
    part.slots[s].block = block;
    part.block_slot[block] = s;
  } else if (!config_.random_replacement && part.newest != s) {
    unlink(part, s);
    link_newest(part, s);
  }
  Slot& slot = part.slots[s];
  std::uint64_t missing = mask & ~slot.present;
  if (write) {
    slot.dirty |= mask;
    out.hit_bytes += count_bits(mask) * sector_bytes_;
    if (partitions_.size() > 1) invalidate_elsewhere(part, block, mask);
  } else {
    if (missing != mask) wait_for(out, slot.fetch, tag);
    if (missing && partitions_.size() > 1) missing &= ~present_elsewhere(out, part, s, missing);
    if (missing != mask) out.hit_bytes += count_bits(mask & ~missing) * sector_bytes_;
    if (missing) {
      out.miss_bytes += count_bits(missing) * sector_bytes_;
      if (tag >= 0) mark_fetch(part, s, tag);
    }
  }
  slot.present |= mask;
}

L2Cache::Outcome L2Cache::access(const Region& region, bool write, bool allocate, std::int32_t tag,
                                 int partition) {
  Outcome out;
  if (region.bytes() <= 0) return out;
  Buffer& b = const_cast<Buffer&>(buffer_of(region.address));
  const auto index = static_cast<std::int32_t>(&b - buffers_.data());
  const Address last =
      region.address + static_cast<Address>((region.rows - 1) * region.pitch + region.row_bytes);
  if (last > b.base + static_cast<Address>(b.bytes)) {
    throw std::logic_error("transfer of " + std::to_string(region.bytes()) + " bytes leaves its buffer");
  }
  // The first strided access of an untouched buffer teaches its pitch: blocks become rectangles.
  if (!lines_ && b.pitch == 0 && b.cached == 0 && region.rows > 1 && region.pitch > region.row_bytes) {
    b.pitch = region.pitch;
    layout(b);
    const std::uint64_t end = b.first_block + b.blocks;
    if (index + 1 == static_cast<std::int32_t>(buffers_.size())) {
      next_block_ = std::max(next_block_, end);
      resize_blocks();
    } else if (end > buffers_[index + 1].first_block) {  // would overlap its neighbour: move to fresh ids
      b.first_block = next_block_;
      next_block_ += b.blocks;
      resize_blocks();
    }
  }
  Partition& part = partitions_[static_cast<std::size_t>(partition) % partitions_.size()];
  for_each_block(b, region, [&](std::uint64_t block, std::uint64_t mask) {
    touch_block(out, part, index, block, mask, write, allocate, tag);
  });
  return out;
}

void L2Cache::fetched(std::int32_t tag) {
  for (auto& part : partitions_) {
    if (static_cast<std::size_t>(tag) >= part.fetch_slots.size()) continue;
    for (std::int32_t s : part.fetch_slots[tag]) {
      if (part.slots[s].fetch == tag) part.slots[s].fetch = -1;
    }
    part.fetch_slots[tag].clear();
  }
}

double L2Cache::resident_bytes(const Region& region) const {
  double sum = 0;
  auto& b = const_cast<Buffer&>(buffer_of(region.address));
  for_each_block(b, region, [&](std::uint64_t block, std::uint64_t mask) {
    std::uint64_t present = 0;
    for (const auto& part : partitions_) {
      if (part.block_slot[block] >= 0) present |= part.slots[part.block_slot[block]].present;
    }
    sum += count_bits(present & mask) * sector_bytes_;
  });
  return sum;
}

}  // namespace etalon::chip
