// SPDX-License-Identifier: Apache-2.0
#include "ascendc/hazards/shadow.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace etalon::ascendc::hazards {
namespace {

constexpr StateId kDefined = 0, kUndefined = 1;  // untouched
constexpr std::uint32_t kAll = ~std::uint32_t{0};
constexpr std::size_t kCollectAtLeast = 1 << 16;

std::uint32_t bits(std::uint64_t first, std::uint64_t end) {
  const std::uint32_t below_end = end >= 32 ? kAll : (std::uint32_t{1} << end) - 1;
  return below_end & ~((std::uint32_t{1} << first) - 1);
}

// Which bytes of a cell are undefined, from one byte each; the cell begins at `offset`, which may lie before
// the first of them.
std::uint32_t mask_of(const std::uint8_t* bytes, std::int64_t offset, std::uint32_t of) {
  std::uint32_t mask = 0;
  for (std::uint32_t rest = of; rest != 0; rest &= rest - 1) {
    const int i = std::countr_zero(rest);
    if (bytes[offset + i] != 0) mask |= std::uint32_t{1} << i;
  }
  return mask;
}

}  // namespace

void WrittenBytes::mark(const void* begin, std::uint64_t count) {
  const auto* p = static_cast<const std::byte*>(begin);
  if (p + count <= base || p >= base + bytes) return;
  const auto from = static_cast<std::uint64_t>(std::max(p, base) - base);
  const auto to = static_cast<std::uint64_t>(std::min(p + count, base + bytes) - base);
  for (std::uint64_t i = from; i < to;) {
    if (i % 64 == 0 && to - i >= 64) {
      bits[i / 64] = ~std::uint64_t{0};
      i += 64;
    } else {
      bits[i / 64] |= std::uint64_t{1} << (i % 64);
      ++i;
    }
  }
}

Shadow::Shadow() { reset(); }

void Shadow::reset() {
  states_.assign(2, {});
  states_[kUndefined].undefined = kAll;
  free_states_.clear();
  accesses_.assign(1, {});
  free_accesses_.clear();
  undefined_states_ = {{0, kDefined}, {kAll, kUndefined}};
  locals_.clear();
  pages_.clear();
  last_page_ = ~std::uint64_t{0};
  steps_.assign(kSteps, {});
  round_ = 0;
  collect_at_ = kCollectAtLeast;
}

AccessId Shadow::add(const Access& access) {
  if (states_.size() - free_states_.size() + accesses_.size() - free_accesses_.size() > collect_at_)
    collect();
  if (free_accesses_.empty()) {
    accesses_.push_back(access);
    return static_cast<AccessId>(accesses_.size() - 1);
  }
  const AccessId id = free_accesses_.back();
  free_accesses_.pop_back();
  accesses_[id] = access;
  return id;
}

Shadow::Cells& Shadow::local(int core, int space, std::uint32_t bytes) {
  Cells& cells = locals_[core * kAscLocalSpaces + space];
  if (cells.empty()) cells.assign((std::size_t{bytes} + kCell - 1) / kCell, kUndefined);
  return cells;
}

void Shadow::clear_local(int core) {
  for (int s = 0; s < kAscLocalSpaces; ++s) {
    const auto at = locals_.find(core * kAscLocalSpaces + s);
    if (at == locals_.end()) continue;
    // What other cores have put here (dav-3510) may be for the next block.
    for (auto& c : at->second) {
      bool foreign = false;
      for (const auto& e : states_[c].entries) foreign |= accesses_[e.access].core != core;
      if (!foreign) c = kUndefined;
    }
  }
}

StateId Shadow::new_state() {
  if (free_states_.empty()) {
    states_.emplace_back();
    return static_cast<StateId>(states_.size() - 1);
  }
  const StateId id = free_states_.back();
  free_states_.pop_back();
  return id;
}

StateId Shadow::undefined_state(std::uint32_t mask) {
  const auto [at, fresh] = undefined_states_.try_emplace(mask, 0);
  if (fresh) {
    at->second = new_state();
    State& s = states_[at->second];
    s.entries.clear();
    s.undefined = mask;
    s.origin = 0;
  }
  return at->second;
}

Shadow::Page& Shadow::page(std::uint64_t number) {
  if (number == last_page_) return *last_;
  auto& p = pages_[number];
  if (!p) {
    p = std::make_unique<Page>();
    p->fill(kDefined);
    const std::uint64_t begin = number * kPageBytes;
    for (const auto& w : written_) {
      const auto base = reinterpret_cast<std::uintptr_t>(w.base);
      if (base >= begin + kPageBytes || base + w.bytes <= begin) continue;
      for (std::size_t c = 0; c < p->size(); ++c) {
        std::uint32_t mask = 0;
        for (int i = 0; i < kCell; ++i) {
          const std::uint64_t address = begin + c * kCell + static_cast<std::uint64_t>(i);
          if (address >= base && address < base + w.bytes && !w.at(address - base))
            mask |= std::uint32_t{1} << i;
        }
        if (mask != 0) (*p)[c] = undefined_state(mask);
      }
    }
  }
  last_page_ = number;
  last_ = p.get();
  return *last_;
}

void Shadow::touch(Cells* local, const std::vector<Run>& runs, Touch touch, AccessId by,
                   const Ordered& ordered, Meeting& meeting, const std::uint8_t* undefined,
                   std::uint64_t first, AccessId origin) {
  ++round_;
  const Pass pass{touch, by, origin, &ordered, &meeting};
  for (const Run& run : runs) {
    const std::uint64_t end = run.begin + run.bytes;
    for (std::uint64_t at = run.begin; at < end;) {
      const std::uint64_t base = at / kCell * kCell, to = std::min(end, base + kCell);
      const std::uint32_t mask = bits(at - base, to - base);
      const std::uint32_t undef =
          undefined == nullptr ? 0 : mask_of(undefined, static_cast<std::int64_t>(base - first), mask);
      if (local != nullptr) {
        if (base / kCell >= local->size()) return;
        cell((*local)[base / kCell], mask, undef, base, pass);
      } else {
        cell(page(base / kPageBytes)[base % kPageBytes / kCell], mask, undef, base, pass);
      }
      at = to;
    }
  }
}

void Shadow::cell(StateId& cell, std::uint32_t mask, std::uint32_t undefined, std::uint64_t address,
                  const Pass& pass) {
  const std::uint32_t hash = (cell * 0x9e3779b1u) ^ (mask * 0x85ebca6bu) ^ (undefined * 0xc2b2ae35u);
  Step& step = steps_[(hash >> 16 ^ hash) % kSteps];
  if (step.round != round_ || step.from != cell || step.mask != mask || step.undefined != undefined) {
    step.round = round_;
    step.from = cell;
    step.mask = mask;
    step.undefined = undefined;
    work_out(step, address, pass);
  } else if (step.clashes[0] >= 0) {
    extend(step, mask, address, pass);
  }
  cell = step.to;
}

// The bytes that clash grow by those of one more cell.
void Shadow::extend(const Step& step, std::uint32_t mask, std::uint64_t address, const Pass& pass) {
  for (const int i : step.clashes) {
    if (i < 0) continue;
    Clash& c = pass.meeting->clashes[static_cast<std::size_t>(i)];
    c.begin = std::min(c.begin, address + static_cast<std::uint64_t>(std::countr_zero(mask)));
    c.end = std::max(c.end, address + 32 - static_cast<std::uint64_t>(std::countl_zero(mask)));
  }
}

void Shadow::work_out(Step& step, std::uint64_t address, const Pass& pass) {
  step.clashes[0] = step.clashes[1] = -1;
  const StateId id = new_state();
  const State& old = states_[step.from];
  State& next = states_[id];
  next.entries.clear();
  next.undefined = old.undefined;
  next.origin = old.origin;
  Meeting& m = *pass.meeting;
  const std::uint32_t read_undefined = pass.touch == Touch::write ? 0 : old.undefined & step.mask;
  step.reads_undefined = read_undefined != 0;
  if (step.reads_undefined && !m.undefined) {
    m.undefined = true;
    m.undefined_at = address + static_cast<std::uint64_t>(std::countr_zero(read_undefined));
    m.origin = old.origin;
  }
  const Access& now = accesses_[pass.by];
  int clashes = 0;
  for (const Entry& e : old.entries) {
    const std::uint32_t shared = e.mask & step.mask;
    Entry keep = e;
    if (shared != 0) {
      m.written = m.written || (pass.touch == Touch::read && e.touch != Touch::read);
      const Access& before = accesses_[e.access];
      const bool harmless =
          (e.touch == Touch::read && pass.touch == Touch::read) ||
          (e.touch == Touch::atomic && pass.touch == Touch::atomic && before.atomic == now.atomic);
      if (!harmless && e.access != pass.by && !(*pass.ordered)(e.access, e.touch)) {
        auto at = std::find_if(m.clashes.begin(), m.clashes.end(), [&](const Clash& c) {
          return c.before == e.access && c.before_touch == e.touch;
        });
        if (at == m.clashes.end())
          at = m.clashes.insert(m.clashes.end(), Clash{e.access, e.touch, ~std::uint64_t{0}, 0});
        if (clashes < 2) step.clashes[clashes++] = static_cast<int>(at - m.clashes.begin());
        at->begin = std::min(at->begin, address + static_cast<std::uint64_t>(std::countr_zero(shared)));
        at->end = std::max(at->end, address + 32 - static_cast<std::uint64_t>(std::countl_zero(shared)));
      }
      const bool same_pipe = before.core == now.core && before.pipe == now.pipe;
      if (pass.touch == Touch::write || (same_pipe && e.touch == pass.touch)) keep.mask &= ~step.mask;
    }
    if (keep.mask != 0) next.entries.push_back(keep);
  }
  next.entries.push_back({step.mask, pass.by, pass.touch});
  if (pass.touch != Touch::read) {
    next.undefined = (next.undefined & ~step.mask) | step.undefined;
    if (step.undefined != 0) next.origin = pass.origin;
  }
  step.to = id;
}

void Shadow::undefined_bytes(Cells* local, std::uint64_t begin, std::uint64_t bytes, std::uint8_t* out) {
  for (std::uint64_t i = 0; i < bytes;) {
    const std::uint64_t at = begin + i, base = at / kCell * kCell;
    const std::uint64_t n = std::min(bytes - i, base + kCell - at);
    StateId id = kDefined;
    if (local == nullptr)
      id = page(base / kPageBytes)[base % kPageBytes / kCell];
    else if (base / kCell < local->size())
      id = (*local)[base / kCell];
    const std::uint32_t mask = states_[id].undefined;
    for (std::uint64_t b = 0; b < n; ++b) out[i + b] = (mask >> (at + b - base) & 1) != 0 ? 0xff : 0;
    i += n;
  }
}

void Shadow::mark_written(const std::vector<Run>& runs) {
  for (auto& w : written_) {
    for (const Run& r : runs) w.mark(reinterpret_cast<const void*>(r.begin), r.bytes);
  }
}

void Shadow::collect() {
  std::vector<char> used(accesses_.size(), 0);
  used[0] = 1;
  for (auto& s : states_) s.live = false;
  const auto mark = [&](StateId id) {
    State& s = states_[id];
    if (s.live) return;
    s.live = true;
    used[s.origin] = 1;
    for (const auto& e : s.entries) used[e.access] = 1;
  };
  for (const auto& [mask, id] : undefined_states_) mark(id);
  for (const auto& [key, cells] : locals_) {
    for (const StateId id : cells) mark(id);
  }
  for (const auto& [number, page] : pages_) {
    for (const StateId id : *page) mark(id);
  }
  free_states_.clear();
  free_accesses_.clear();
  for (std::size_t i = states_.size(); i-- > 0;) {
    if (!states_[i].live) free_states_.push_back(static_cast<StateId>(i));
  }
  for (std::size_t i = accesses_.size(); i-- > 0;) {
    if (used[i] == 0) free_accesses_.push_back(static_cast<AccessId>(i));
  }
  const std::size_t live = states_.size() - free_states_.size() + accesses_.size() - free_accesses_.size();
  collect_at_ = std::max(2 * live, kCollectAtLeast);
}

}  // namespace etalon::ascendc::hazards
