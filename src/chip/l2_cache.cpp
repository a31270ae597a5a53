// SPDX-License-Identifier: Apache-2.0
#include "chip/l2_cache.h"

#include <algorithm>
#include <bit>
#include <stdexcept>

namespace etalon::chip {

namespace {

constexpr int kSectors = 64;
constexpr double kRequestBytes = 128;

std::uint64_t bits(int first, int count) {
  if (count >= kSectors) return ~0ull;
  return ((1ull << count) - 1) << first;
}

}  // namespace

L2Cache::L2Cache(const Config& config) : config_(config) {
  sector_bytes_ = static_cast<double>(config_.block) / kSectors;
  tile_columns_ = std::max<std::int64_t>(128, config_.line);
  tile_rows_ = std::max<std::int64_t>(1, config_.block / tile_columns_);
  sectors_per_row_ = std::max<int>(1, static_cast<int>(kSectors / tile_rows_));
  rows_per_sector_ = std::max<int>(1, static_cast<int>(tile_rows_ / kSectors));
  slots_.resize(std::max<std::int64_t>(1, config_.capacity / config_.block));
}

void L2Cache::layout(Buffer& b) const {
  if (b.pitch > 0) {
    b.block_columns = (b.pitch + tile_columns_ - 1) / tile_columns_;
    const std::int64_t rows = (b.bytes + b.pitch - 1) / b.pitch;
    b.blocks = static_cast<std::uint64_t>(b.block_columns * ((rows + tile_rows_ - 1) / tile_rows_));
  } else {
    b.blocks = static_cast<std::uint64_t>((b.bytes + config_.block - 1) / config_.block);
  }
}

Address L2Cache::allocate(std::int64_t bytes, std::int64_t pitch) {
  Buffer b;
  b.base = next_address_;
  b.bytes = std::max<std::int64_t>(bytes, 1);
  b.pitch = pitch;
  layout(b);
  // Room for either layout: the pitch may be learnt later.
  const auto linear = static_cast<std::uint64_t>((b.bytes + config_.block - 1) / config_.block);
  b.first_block = next_block_;
  next_block_ += std::max(b.blocks, linear);
  next_address_ += static_cast<Address>((b.bytes + 4095) / 4096 * 4096 + 4096);
  block_slot_.resize(next_block_, -1);
  buffers_.push_back(b);
  return b.base;
}

void L2Cache::free_all() {
  flush();
  buffers_.clear();
  block_slot_.clear();
  next_block_ = 0;
  next_address_ = 0;
}

void L2Cache::flush() {
  for (std::int32_t s = 0; s < used_; ++s) {
    if (slots_[s].buffer >= 0) block_slot_[slots_[s].block] = -1;
    slots_[s] = Slot{};
  }
  for (auto& b : buffers_) b.cached = 0;
  used_ = 0;
  newest_ = oldest_ = -1;
}

const L2Cache::Buffer& L2Cache::buffer_of(Address address) const {
  auto it = std::upper_bound(buffers_.begin(), buffers_.end(), address,
                             [](Address a, const Buffer& b) { return a < b.base; });
  if (it == buffers_.begin() || address >= (it - 1)->base + static_cast<Address>((it - 1)->bytes)) {
    throw std::logic_error("device address " + std::to_string(address) + " lies in no allocated buffer");
  }
  return *(it - 1);
}

// Calls visit(block id, sector mask, 128-B requests) for every block the region touches.
template <class Visit>
void L2Cache::for_each_block(Buffer& b, const Region& region, Visit&& visit) const {
  const std::int64_t offset = static_cast<std::int64_t>(region.address - b.base);
  const auto linear = [&](std::int64_t begin, std::int64_t end) {
    while (begin < end) {
      const std::int64_t block = begin / config_.block;
      const std::int64_t stop = std::min(end, (block + 1) * config_.block);
      const int first = static_cast<int>(static_cast<double>(begin - block * config_.block) / sector_bytes_);
      const int last = static_cast<int>(static_cast<double>(stop - 1 - block * config_.block) / sector_bytes_);
      visit(b.first_block + static_cast<std::uint64_t>(block), bits(first, last - first + 1),
            static_cast<double>(stop - begin) / kRequestBytes);
      begin = stop;
    }
  };
  const auto rectangle = [&](std::int64_t row0, std::int64_t rows, std::int64_t column0, std::int64_t width) {
    for (std::int64_t row = row0; row < row0 + rows;) {
      const std::int64_t band = row / tile_rows_;
      const std::int64_t row_stop = std::min(row0 + rows, (band + 1) * tile_rows_);
      const int r0 = static_cast<int>(row - band * tile_rows_), r1 = static_cast<int>(row_stop - band * tile_rows_);
      const std::uint64_t mask = sectors_per_row_ > 1
                                     ? bits(r0 * sectors_per_row_, (r1 - r0) * sectors_per_row_)
                                     : bits(r0 / rows_per_sector_, (r1 - 1) / rows_per_sector_ - r0 / rows_per_sector_ + 1);
      const std::int64_t last = (column0 + width - 1) / tile_columns_;
      for (std::int64_t c = column0 / tile_columns_; c <= last; ++c) {
        const std::int64_t from = std::max(column0, c * tile_columns_);
        const std::int64_t to = std::min(column0 + width, (c + 1) * tile_columns_);
        visit(b.first_block + static_cast<std::uint64_t>(band * b.block_columns + c), mask,
              static_cast<double>((to - from) * (row_stop - row)) / kRequestBytes);
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

std::int32_t L2Cache::slot_of(std::uint64_t block) const { return block_slot_[block]; }

void L2Cache::unlink(std::int32_t s) {
  Slot& x = slots_[s];
  if (x.newer >= 0) slots_[x.newer].older = x.older; else newest_ = x.older;
  if (x.older >= 0) slots_[x.older].newer = x.newer; else oldest_ = x.newer;
}

void L2Cache::link_newest(std::int32_t s) {
  slots_[s].newer = -1;
  slots_[s].older = newest_;
  if (newest_ >= 0) slots_[newest_].newer = s;
  newest_ = s;
  if (oldest_ < 0) oldest_ = s;
}

std::int32_t L2Cache::take_slot(Outcome& out, std::int32_t buffer) {
  std::int32_t s;
  if (used_ < static_cast<std::int32_t>(slots_.size())) {
    s = used_++;
  } else {
    if (config_.random_replacement) {
      random_ ^= random_ << 13;
      random_ ^= random_ >> 7;
      random_ ^= random_ << 17;
      s = static_cast<std::int32_t>(random_ % slots_.size());
    } else {
      s = oldest_;
    }
    unlink(s);
    out.evicted_dirty_bytes += std::popcount(slots_[s].dirty) * sector_bytes_;
    block_slot_[slots_[s].block] = -1;
    --buffers_[slots_[s].buffer].cached;
  }
  slots_[s] = Slot{};
  slots_[s].buffer = buffer;
  ++buffers_[buffer].cached;
  link_newest(s);
  return s;
}

void L2Cache::touch_block(Outcome& out, std::int32_t buffer, std::uint64_t block, std::uint64_t mask, bool write,
                          bool allocate, std::int32_t tag, Picoseconds now, double requests) {
  std::int32_t s = slot_of(block);
  if (s < 0) {
    if (!allocate) {
      (write ? out.hit_bytes : out.miss_bytes) += std::popcount(mask) * sector_bytes_;
      return;
    }
    s = take_slot(out, buffer);
    slots_[s].block = block;
    block_slot_[block] = s;
  } else if (!config_.random_replacement && newest_ != s) {
    unlink(s);
    link_newest(s);
  }
  Slot& slot = slots_[s];
  const std::uint64_t missing = mask & ~slot.present;
  if (write) {
    slot.dirty |= mask;
    out.hit_bytes += std::popcount(mask) * sector_bytes_;
  } else {
    out.hit_bytes += std::popcount(mask & ~missing) * sector_bytes_;
    out.miss_bytes += std::popcount(missing) * sector_bytes_;
    if (missing != mask && slot.fetch >= 0 && slot.fetch != tag && out.in_flight_count < 4 &&
        (out.in_flight_count == 0 || out.in_flight[out.in_flight_count - 1] != slot.fetch)) {
      out.in_flight[out.in_flight_count++] = slot.fetch;
    }
    if (missing && tag >= 0) {
      slot.fetch = tag;
      if (fetch_slots_.size() <= static_cast<std::size_t>(tag)) fetch_slots_.resize(tag + 1);
      fetch_slots_[tag].push_back(s);
    }
    if (config_.picoseconds_per_request > 0) {
      slot.hot = std::max(slot.hot, now) + static_cast<Picoseconds>(requests * config_.picoseconds_per_request);
      out.hot_until = std::max(out.hot_until, slot.hot);
    }
  }
  slot.present |= mask;
}

L2Cache::Outcome L2Cache::access(const Region& region, bool write, bool allocate, std::int32_t tag,
                                 Picoseconds now) {
  Outcome out;
  if (region.bytes() <= 0) return out;
  Buffer& b = const_cast<Buffer&>(buffer_of(region.address));
  const auto index = static_cast<std::int32_t>(&b - buffers_.data());
  const Address last = region.address + static_cast<Address>((region.rows - 1) * region.pitch + region.row_bytes);
  if (last > b.base + static_cast<Address>(b.bytes)) {
    throw std::logic_error("transfer of " + std::to_string(region.bytes()) + " bytes leaves its buffer");
  }
  // The first strided access of an untouched buffer teaches its pitch: blocks become rectangles.
  if (b.pitch == 0 && b.cached == 0 && region.rows > 1 && region.pitch > region.row_bytes) {
    b.pitch = region.pitch;
    layout(b);
    const std::uint64_t end = b.first_block + b.blocks;
    if (index + 1 == static_cast<std::int32_t>(buffers_.size())) {
      next_block_ = std::max(next_block_, end);
      block_slot_.resize(next_block_, -1);
    } else if (end > buffers_[index + 1].first_block) {  // would overlap its neighbour: move to fresh ids
      b.first_block = next_block_;
      next_block_ += b.blocks;
      block_slot_.resize(next_block_, -1);
    }
  }
  for_each_block(b, region, [&](std::uint64_t block, std::uint64_t mask, double requests) {
    touch_block(out, index, block, mask, write, allocate, tag, now, requests);
  });
  return out;
}

void L2Cache::fetched(std::int32_t tag) {
  if (static_cast<std::size_t>(tag) >= fetch_slots_.size()) return;
  for (std::int32_t s : fetch_slots_[tag]) {
    if (slots_[s].fetch == tag) slots_[s].fetch = -1;
  }
  fetch_slots_[tag].clear();
}

double L2Cache::resident_bytes(const Region& region) const {
  double sum = 0;
  auto& b = const_cast<Buffer&>(buffer_of(region.address));
  for_each_block(b, region, [&](std::uint64_t block, std::uint64_t mask, double) {
    if (const std::int32_t s = slot_of(block); s >= 0) sum += std::popcount(slots_[s].present & mask) * sector_bytes_;
  });
  return sum;
}

}  // namespace etalon::chip
