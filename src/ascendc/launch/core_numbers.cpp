// SPDX-License-Identifier: Apache-2.0
// Numbers of one core's instructions: at once, or as jobs of its queue (work_queues.h). What is checked is
// checked before; only memory is touched here.
#include <algorithm>
#include <cstring>

#include "ascendc/launch/arrange.h"
#include "ascendc/launch/core_runtime.h"
#include "ascendc/launch/regions.h"

namespace etalon::ascendc {
namespace {

// Instructions of one core after which another goes on, so that many queues fill at the same time.
constexpr int kTurn = 128;

// About how many bytes or steps.
double work_of(const NumberJob& job) {
  switch (job.kind) {
    case NumberJob::Kind::vector:
      return static_cast<double>(repeats_of(job.vector)) * 256;
    case NumberJob::Kind::move:
      return static_cast<double>(job.move.rows * job.move.row_bytes);
    case NumberJob::Kind::mmad:
      return static_cast<double>(job.mmad.m) * job.mmad.n * job.mmad.k / 16;
    case NumberJob::Kind::fixpipe:
      return static_cast<double>(job.fixpipe.m) * job.fixpipe.n * 4;
    default:
      return 4096;
  }
}

// Whether the numbers may be computed later: they depend on memory alone, nothing but memory and the register
// of the last reduction shows them, and no data can make them fail.
bool can_wait(const etalon_asc_vector& v) {
  if (v.op == kAscSelect) return v.extra[1] == 0;
  return v.op <= kAscSelect || (v.op >= kAscWholeSum && v.op <= kAscBrcb) || v.op == kAscTranspose16 ||
         v.op == kAscTransposeBlocks || v.op == kAscSort32 || v.op == kAscArange;
}

}  // namespace

void CoreRuntime::compute(NumberJob job, const DeviceRows* rows, std::initializer_list<CoreRuntime*> into) {
  WorkQueues* queues = launch_.queues;
  if (queues == nullptr) {
    carry_out(job);
    visible_.reduced = reduced_, visible_.reduced_at = reduced_at_;
  } else {
    if (rows != nullptr) launch_.order->needs_of(*rows, core_, job.needs);
    // A partner's memory is touched after all it has been given so far and before all it will be given.
    for (const CoreRuntime* partner : into)
      job.needs.push_back({partner->core_, queues->put_in(partner->core_)});
    const double work = work_of(job);
    queues->put(core_, std::move(job), work);
    const JobNeed this_job{core_, queues->put_in(core_)};
    if (rows != nullptr) launch_.order->note(*rows, this_job);
    for (const CoreRuntime* partner : into) queues->owe(partner->core_, this_job);
    if (is_open_) settle();
  }
  take_turns();
}

void CoreRuntime::take_turns() {
  if (timed_ != nullptr || ++since_turn_ < kTurn) return;
  since_turn_ = 0;
  launch_.loose->yield(core_);
  resumed();
}

void CoreRuntime::settle() {
  if (launch_.queues == nullptr) return;
  launch_.queues->settle(core_);
  visible_.reduced = reduced_, visible_.reduced_at = reduced_at_;
}

void CoreRuntime::settle_device(const void* gm, std::int64_t bytes, bool write) {
  if (launch_.queues == nullptr) return;
  std::vector<JobNeed> needs;
  launch_.order->needs_of({gm, 1, bytes, bytes, write}, -1, needs);
  for (const JobNeed& need : needs) launch_.queues->wait_for(need);
}

void CoreRuntime::settle_all() {
  if (launch_.queues != nullptr) launch_.queues->settle_all();
}

// An observer may ask for what such an instruction finds in UB.
void CoreRuntime::settle_before(const etalon_asc_vector& v) {
  if (!can_wait(v) || ((v.op == kAscSelect || v.op == kAscSort32) && launch_.observer != nullptr)) settle();
}

void CoreRuntime::vector_compute(const etalon_asc_vector& v) {
  if (!can_wait(v)) {
    vector_numbers(v, memory_[kAscUb].get(), visible_);
    take_turns();
    return;
  }
  check_vector_form(v);
  NumberJob job;
  job.kind = NumberJob::Kind::vector;
  job.vector = v;
  job.deq_scale = visible_.deq_scale;
  if (v.op == kAscTransposeBlocks) {
    job.lists = std::make_unique<std::array<std::uint32_t, 32>>();
    std::copy(v.lists, v.lists + 32, job.lists->begin());
  }
  compute(std::move(job));
}

void CoreRuntime::carry_out(const NumberJob& job) {
  switch (job.kind) {
    case NumberJob::Kind::vector: {
      etalon_asc_core core = {};
      std::copy(visible_.space_bytes, visible_.space_bytes + kAscLocalSpaces, core.space_bytes);
      core.deq_scale = job.deq_scale;
      core.reduced = reduced_, core.reduced_at = reduced_at_;
      etalon_asc_vector v = job.vector;
      if (job.lists) v.lists = job.lists->data();
      vector_numbers(v, memory_[kAscUb].get(), core);
      reduced_ = core.reduced, reduced_at_ = core.reduced_at;
      return;
    }
    case NumberJob::Kind::move:
      return move_numbers(job);
    case NumberJob::Kind::load:
      if (job.load.kind == kAscLoadScales)
        return load_scales(job.load, memory_[kAscL1].get(), memory_[job.load.dst_space].get());
      if (job.load.kind == kAscLoadSparse)
        return load_sparse_numbers(job.load, memory_[kAscL1].get(), memory_[kAscL0b].get());
      return load_numbers(job.load, memory_[kAscL1].get() + job.load.src,
                          memory_[job.load.dst_space].get() + job.load.dst);
    case NumberJob::Kind::mmad: {
      const etalon_asc_mmad& d = job.mmad;
      if (d.sparse != 0)
        return mmad_sparse_numbers(d, memory_[kAscL0a].get(), memory_[kAscL0b].get(), memory_[kAscL0c].get());
      return mmad_numbers(d, memory_[kAscL0a].get() + d.a, memory_[kAscL0b].get() + d.b,
                          memory_[kAscL0c].get() + d.c,
                          d.bias != 0 ? memory_[kAscBt].get() + d.bias_offset : nullptr);
    }
    case NumberJob::Kind::fixpipe:
      return fixpipe_compute(job);
    case NumberJob::Kind::fill: {
      const NumberJob::Fill& f = job.fill;
      std::byte* p = memory_[f.space].get() + f.offset;
      for (std::int64_t at = 0; at + f.bytes_per <= f.bytes; at += f.bytes_per)
        std::memcpy(p + at, &f.bits, static_cast<std::size_t>(f.bytes_per));
      return;
    }
  }
}

}  // namespace etalon::ascendc
