// SPDX-License-Identifier: Apache-2.0
#include "ascendc/launch/core_runtime.h"

#include <fmt/format.h>

#include <cstring>

namespace etalon::ascendc {

using chip::FlagId;
using chip::kNoFlag;
using chip::NpuPipe;

namespace {

constexpr const char* kSpaceNames[] = {"UB", "L1", "L0A", "L0B", "L0C", "BT", "FB", "GM"};

}  // namespace

CoreRuntime::CoreRuntime(LaunchContext& launch, int core, bool is_cube)
    : launch_(launch), core_(core), is_cube_(is_cube) {
  const InstructionCosts& c = *launch.costs;
  const std::int64_t sizes[kAscLocalSpaces] = {c.ub_size,  c.l1_size, c.l0a_size, c.l0b_size,
                                               c.l0c_size, c.bt_size, c.fb_size};
  for (int s = 0; s < kAscLocalSpaces; ++s) {
    const bool here = is_cube ? s != kAscUb : s == kAscUb;
    // A mix kernel's source lays out both kinds of core, so sizes are seen by both; memory only where it
    // exists.
    visible_.space_bytes[s] = static_cast<std::uint32_t>(here || launch.sub_blocks > 0 ? sizes[s] : 0);
    if (!here || !launch.functional || sizes[s] == 0) continue;
    memory_[s] =
        LocalMemory(sizes[s] + (s == kAscL0a || s == kAscL0b ? sizes[s] / 4 : 0));  // indices, scales
  }
  visible_.runtime = this;
  visible_.is_cube = is_cube ? 1 : 0;
  visible_.has_data = launch.functional ? 1 : 0;
  visible_.sub_blocks = static_cast<std::uint32_t>(launch.sub_blocks);
  visible_.mask[0] = visible_.mask[1] = ~std::uint64_t{0};
  visible_.deq_scale = 1.0f;
  visible_.dav_3510 = c.dav_3510 ? 1 : 0;
  visible_.watched = launch.observer != nullptr ? 1 : 0;
}

DeviceFault::DeviceFault(std::string code_, const std::string& message)
    : std::runtime_error(message), code(std::move(code_)) {
  if (etalon_asc_current != nullptr)
    static_cast<CoreRuntime*>(etalon_asc_current->runtime)->note_fault(*this);
}

void CoreRuntime::note_fault(const DeviceFault& fault) const {
  if (launch_.observer != nullptr) launch_.observer->on_fault({fault.code, fault.what(), core_, place_});
}

void CoreRuntime::begin_block(std::uint32_t block, std::uint32_t blocks, std::uint32_t sub_block) {
  visible_.block = block;
  visible_.blocks = blocks;
  visible_.sub_block = sub_block;
  visible_.mask_counter = 0;
  visible_.mask[0] = visible_.mask[1] = ~std::uint64_t{0};
  visible_.pipe = nullptr;
  visible_.hf32 = 0;
  visible_.control = 0;
  visible_.load_pad = 0;
  visible_.fix_matrices = 0;
  visible_.fix_scale = 0;
  visible_.pad_bits = 0;
  atomic_op_ = kAscAtomicNone;
  visible_.by_queue = 0;
  resumed();
  if (launch_.observer != nullptr) {
    place_.address = place_.frame = nullptr;
    launch_.observer->on_instruction(event(InstructionEvent::Kind::block_begin));
  }
  is_open_ = false;
}

void CoreRuntime::end_block() {
  end_vector_function();
  drain_held();
  if (launch_.observer == nullptr) return;
  place_.address = place_.frame = nullptr;
  launch_.observer->on_instruction(event(InstructionEvent::Kind::block_end));
}

void CoreRuntime::drain_held() {
  if (timed_ == nullptr) return;
  flush();
  for (int p = 0; p < chip::kNpuPipes; ++p) flush_waits(p);
}

void CoreRuntime::resumed() {
  etalon_asc_current = &visible_;
  if (launch_.locals.owner != nullptr) take_locals();
}

void CoreRuntime::block_locals(char* begin, char* end) {
  LaunchContext::BlockLocals& l = launch_.locals;
  if (begin == end) return;
  if (l.begin == nullptr) {
    l.begin = begin;
    l.end = end;
    l.first.assign(begin, end);
  }
  take_locals();
}

void CoreRuntime::take_locals() {
  LaunchContext::BlockLocals& l = launch_.locals;
  if (l.owner == this) return;
  if (l.owner != nullptr) l.owner->locals_.assign(l.begin, l.end);
  if (locals_.empty()) locals_ = l.first;
  std::copy(locals_.begin(), locals_.end(), l.begin);
  l.owner = this;
}

// --- timing: issuing
// ----------------------------------------------------------------------------------------

void CoreRuntime::issue(chip::Instruction& i) {
  PipeWaits& w = waits_[i.pipe];
  if (i.place == 0) i.place = place();
  if (w.count == 0 && follows_held(i)) {
    held_.cycles += i.cycles;
    held_.flops += i.flops;
    held_.set[0] = i.set[0];
    held_.set[1] = i.set[1];
    ++held_count_;
    pending_scalar_ += launch_.costs->scalar_call;
    return;
  }
  flush();
  for (int k = 0; k < w.count; ++k) i.wait[k] = w.flags[k];
  i.cycles += w.paying * launch_.costs->flag;
  w.count = 0;
  w.paying = 0;
  held_ = i;
  has_held_ = true;
  held_count_ = 1;
  pending_scalar_ += launch_.costs->scalar_call;
}

// Whether `i` can go to the machine as one instruction with the one held back: nobody waits between them, and
// the scalar unit issues the second before the first can have ended, so that both follow each other anyway.
bool CoreRuntime::follows_held(const chip::Instruction& i) const {
  return has_held_ && held_.pipe == i.pipe && held_.place == i.place && held_.access == chip::Access::none &&
         i.access == chip::Access::none && held_.set[0] == kNoFlag && i.wait[0] == kNoFlag &&
         held_count_ < kMostJoined && pending_scalar_ <= held_.cycles;
}

void CoreRuntime::flush() {
  if (has_held_) {
    has_held_ = false;
    timed_->issue(held_);
    resumed();
  }
  if (pending_scalar_ > 0) {
    timed_->scalar(pending_scalar_);
    pending_scalar_ = 0;
  }
}

// Waits that no instruction of the pipe has picked up become an empty instruction.
void CoreRuntime::flush_waits(int pipe) {
  if (waits_[pipe].count == 0) return;
  chip::Instruction i;
  i.pipe = static_cast<chip::PipeId>(pipe);
  i.name = "WaitFlag";
  i.place = waits_[pipe].place;
  issue(i);
  flush();
}

void CoreRuntime::signal_self(int pipe, FlagId flag) {
  flush();
  flush_waits(pipe);
  timed_->signal(timed_->index(), flag, static_cast<chip::PipeId>(pipe), Cycles{0});
  resumed();
}

void CoreRuntime::issue_plain(NpuPipe pipe, double cycles, const char* name, double flops) {
  chip::Instruction i;
  i.pipe = static_cast<chip::PipeId>(pipe);
  i.cycles = cycles;
  i.name = name;
  i.flops = flops;
  issue(i);
}

void CoreRuntime::issue_transfer(NpuPipe pipe, chip::NpuPath path, bool write, const chip::TransferCost& cost,
                                 const void* gm, std::int64_t rows, std::int64_t row_bytes,
                                 std::int64_t pitch, bool bypass, const char* name, double more_cycles) {
  if (rows <= 0 || row_bytes <= 0) return;
  if (rows == 1) pitch = row_bytes;
  const GmSide side = device_side(gm, (rows - 1) * pitch + row_bytes, name);
  chip::Instruction i;
  i.pipe = static_cast<chip::PipeId>(pipe);
  i.access = write ? chip::Access::write : chip::Access::read;
  i.path = static_cast<std::uint8_t>(path);
  i.bypass_l2 = bypass || side.buffer->bypass_l2;
  i.cycles = transfer_cycles(cost, rows) + more_cycles;
  i.region = {side.address, rows, row_bytes, pitch};
  if (pitch == row_bytes) i.region = {side.address, 1, rows * row_bytes, rows * row_bytes};
  i.extra_bytes =
      unaligned_bytes(side.address, i.region.rows, i.region.row_bytes, i.region.pitch, *launch_.costs);
  // Requests for rows; a plain copy of one run needs none.
  if (rows > 1 || path == chip::NpuPath::gm_l1) i.port_bytes = static_cast<double>(rows) * cost.row_bytes;
  i.name = name;
  if (launch_.runtime_tiling && path == chip::NpuPath::gm_l1) i.cycles += launch_.costs->scalar_transfer;
  issue(i);
}

InstructionEvent CoreRuntime::event(InstructionEvent::Kind kind) const {
  InstructionEvent e;
  e.kind = kind;
  e.core = core_;
  e.place = place_;
  e.block = visible_.block;
  e.sub_block = visible_.sub_block;
  e.is_cube = is_cube_;
  e.by_queue = visible_.by_queue != 0;
  e.core_state = &visible_;
  return e;
}

void CoreRuntime::observe(EtalonAscPipe pipe, const char* name, std::initializer_list<LocalRange> ranges,
                          const void* gm, std::int64_t gm_bytes, bool gm_write,
                          InstructionEvent::Descriptor kind, const void* descriptor) {
  if (launch_.observer == nullptr) return;
  InstructionEvent e = event(InstructionEvent::Kind::instruction);
  e.atomic = static_cast<std::uint8_t>(gm_write && pipe != kAscPipeS ? atomic_op_ : kAscAtomicNone);
  e.descriptor_kind = kind;
  e.descriptor = descriptor;
  e.pipe = pipe;
  e.name = name;
  for (const auto& r : ranges) {
    if (r.end > r.begin && e.range_count < 4) e.ranges[e.range_count++] = r;
  }
  e.gm = gm;
  e.gm_bytes = gm_bytes;
  e.gm_write = gm_write;
  launch_.observer->on_instruction(e);
}

// --- checks
// -------------------------------------------------------------------------------------------------

CoreRuntime::GmSide CoreRuntime::device_side(const void* gm, std::int64_t bytes, const char* name) const {
  const Buffer* b = launch_.device->find(gm, bytes);
  if (b == nullptr) {
    throw DeviceFault("ascendc.out-of-range",
                      fmt::format("{} on core {} block {}: {} bytes of device memory that no buffer holds{}",
                                  name, core_, visible_.block, bytes, launch_.device->place_beyond(gm)));
  }
  return {b, b->device + static_cast<chip::Address>(static_cast<const std::byte*>(gm) - b->host)};
}

void CoreRuntime::need_space(int space, const char* name) const {
  const bool here = space == kAscGm || (is_cube_ ? space != kAscUb : space == kAscUb);
  if (here || reaches(space)) return;
  throw DeviceFault("ascendc.core", fmt::format("{} uses {} on core {}, which is a {} core", name,
                                                kSpaceNames[space], core_, is_cube_ ? "cube" : "vector"));
}

bool CoreRuntime::reaches(int space) const {
  if (launch_.sub_blocks == 0) return false;
  return (is_cube_ && space == kAscUb && launch_.costs->l0c_ub > 0) ||
         (!is_cube_ && space == kAscL1 && launch_.costs->ub_l1 > 0);
}

CoreRuntime& CoreRuntime::partner(std::uint32_t sub_block) const {
  const int per = launch_.sub_blocks;
  const int core = is_cube_ ? launch_.cubes + core_ * per + static_cast<int>(sub_block) % per
                            : (core_ - launch_.cubes) / per;
  return *launch_.cores[static_cast<std::size_t>(core)];
}

void CoreRuntime::check_local(int space, std::uint32_t offset, std::int64_t bytes, const char* name) const {
  need_space(space, name);
  if (bytes <= 0 || offset + bytes <= static_cast<std::int64_t>(visible_.space_bytes[space])) return;
  if (offset >= kAscNowhere) {
    throw DeviceFault(
        "ascendc.out-of-range",
        fmt::format(
            "{} on core {} block {}: a tensor of {} without memory: default-constructed, or its index "
            "lies beyond any; AllocTensor, DeQue or Get give it some",
            name, core_, visible_.block, kSpaceNames[space]));
  }
  throw DeviceFault(
      "ascendc.out-of-range",
      fmt::format("{} on core {} block {}: bytes {} to {} of {}, which has {}", name, core_, visible_.block,
                  offset, offset + bytes, kSpaceNames[space], visible_.space_bytes[space]));
}

std::byte* CoreRuntime::local(int space, std::uint32_t offset, std::int64_t bytes) {
  check_local(space, offset, bytes, "local memory");
  settle();
  is_open_ = true;
  return memory_[space] ? memory_[space].get() + offset : nullptr;
}

// --- scalar unit
// --------------------------------------------------------------------------------------------

void CoreRuntime::scalar_work(double cycles) {
  if (timed_ != nullptr) pending_scalar_ += cycles;
}

void CoreRuntime::scalar_read(int space, std::uint32_t offset, int bytes, void* out) {
  ++launch_.calls;
  check_local(space, offset, bytes, "GetValue");
  observe(kAscPipeS, "GetValue",
          {{static_cast<EtalonAscSpace>(space), offset, offset + static_cast<std::uint32_t>(bytes), false}});
  scalar_work(launch_.costs->scalar_ub_read);
  if (!memory_[space]) {
    throw DeviceFault("ascendc.absent-data",
                      fmt::format("GetValue at byte {} of {} on core {} block {}: this launch has no data",
                                  offset, kSpaceNames[space], core_, visible_.block));
  }
  settle();
  std::memcpy(out, memory_[space].get() + offset, static_cast<std::size_t>(bytes));
}

void CoreRuntime::scalar_write(int space, std::uint32_t offset, int bytes, const void* in) {
  ++launch_.calls;
  check_local(space, offset, bytes, "SetValue");
  observe(kAscPipeS, "SetValue",
          {{static_cast<EtalonAscSpace>(space), offset, offset + static_cast<std::uint32_t>(bytes), true}});
  scalar_work(launch_.costs->scalar_ub_write);
  settle();
  if (memory_[space]) std::memcpy(memory_[space].get() + offset, in, static_cast<std::size_t>(bytes));
}

void CoreRuntime::gm_read(const void* gm, int bytes, void* out) {
  ++launch_.calls;
  const GmSide side = device_side(gm, bytes, "GetValue");
  observe(kAscPipeS, "GetValue", {}, gm, bytes, false);
  scalar_work(launch_.costs->scalar_gm_read);
  if (!side.buffer->real || (!launch_.functional && side.buffer->content == Content::data)) {
    throw DeviceFault(
        "ascendc.absent-data",
        fmt::format("GetValue of device memory on core {} block {}: this launch has no data, and the "
                    "buffer is not marked control",
                    core_, visible_.block));
  }
  settle_device(gm, bytes, false);
  std::memcpy(out, gm, static_cast<std::size_t>(bytes));
}

void CoreRuntime::gm_write(void* gm, int bytes, const void* in) {
  ++launch_.calls;
  const GmSide side = device_side(gm, bytes, "SetValue");
  observe(kAscPipeS, "SetValue", {}, gm, bytes, true, InstructionEvent::Descriptor::none, in);
  scalar_work(launch_.costs->scalar_gm_write);
  settle_device(gm, bytes, true);
  if (side.buffer->real) std::memcpy(gm, in, static_cast<std::size_t>(bytes));
}

void CoreRuntime::cache_clean(const void* gm) {
  ++launch_.calls;
  device_side(gm, 1, "DataCacheCleanAndInvalid");
  settle_all();  // what follows may read through plain pointers
  scalar_work(launch_.costs->scalar_gm_write);
}

void CoreRuntime::barrier_scalar() {
  ++launch_.calls;
  settle_all();
  scalar_work(launch_.costs->scalar_flag);
}

std::int64_t CoreRuntime::next(int counter) {
  if (timed_ == nullptr) return launch_.loose->next(counter);
  flush();
  const std::int64_t n = timed_->next(counter);
  resumed();
  return n;
}

std::int64_t CoreRuntime::cycle() const {
  return timed_ == nullptr ? 0 : static_cast<std::int64_t>(timed_->now_cycles());
}

void CoreRuntime::set_atomic(int op, int type) {
  ++launch_.calls;
  scalar_work(launch_.costs->scalar_call);
  if (op >= 0) atomic_op_ = op;
  if (type >= 0) atomic_type_ = type;
}

void CoreRuntime::queue_note(int what, const void* queue, int space, std::uint32_t offset,
                             std::uint32_t bytes, int depth) {
  if (launch_.observer == nullptr) return;
  InstructionEvent e = event(InstructionEvent::Kind::queue);
  e.queue_what = what;
  e.queue = queue;
  e.space = space;
  e.offset = offset;
  e.bytes = bytes;
  e.depth = depth;
  launch_.observer->on_instruction(e);
}

}  // namespace etalon::ascendc
