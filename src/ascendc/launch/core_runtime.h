// SPDX-License-Identifier: Apache-2.0
#pragma once

// One core of a running launch: receives the instruction descriptors of device code, computes their numbers
// if the launch has data, and issues them to the simulated core if it is timed. Internal to the launch.

#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "ascendc/api/ascendc/abi.h"
#include "ascendc/costs.h"
#include "ascendc/launch/device.h"
#include "ascendc/launch/device_order.h"
#include "ascendc/launch/local_memory.h"
#include "ascendc/launch/loose_scheduler.h"
#include "ascendc/launch/observer.h"
#include "ascendc/launch/work_queues.h"

namespace etalon::ascendc {

// Ends a kernel: the simulated program did something it must not. The launch's observer is told as it is
// made, while the frames of the device code still stand.
struct DeviceFault : std::runtime_error {
  DeviceFault(std::string code_, const std::string& message);
  std::string code;
};

// What all cores of one launch share.
struct LaunchContext {
  Device* device = nullptr;
  const InstructionCosts* costs = nullptr;
  bool functional = false, timed = false;
  bool runtime_tiling = true;
  int cubes = 0, vectors = 0, sub_blocks = 0;  // sub_blocks: vector cores per cube in a mix launch, else 0
  LooseScheduler* loose = nullptr;             // if not timed
  Observer* observer = nullptr;
  WorkQueues* queues = nullptr;  // numbers are computed later, by several threads; null: at once
  DeviceOrder* order = nullptr;  // with queues
  const std::function<std::uint16_t(const CallPlace&)>* place_of = nullptr;
  std::map<std::uint16_t, double> conflicts;  // by place, cycles
  std::int64_t calls = 0;
  // Variables of which each core has its own: where they lie, what they began as, whose are there now.
  struct BlockLocals {
    char *begin = nullptr, *end = nullptr;
    std::vector<char> first;
    class CoreRuntime* owner = nullptr;
  } locals;
  std::vector<class CoreRuntime*> cores;  // all of them, for what one core writes into another's memory
  // Tokens by place and number: given and not taken, or cores that wait for one.
  struct Tokens {
    int slot = 0, given = 0;
    std::vector<int> waiting;
  };
  std::map<std::pair<const void*, int>, Tokens> tokens;
};

class CoreRuntime {
 public:
  CoreRuntime(LaunchContext& launch, int core, bool is_cube);
  void attach(chip::Core* timed) { timed_ = timed; }  // the simulated core this one runs on
  void begin_block(std::uint32_t block, std::uint32_t blocks, std::uint32_t sub_block);
  void end_block();  // the kernel has returned: what is held back is issued
  // A call other than of a vector function: one that ran has ended.
  void called_from(const void* address, const void* frame) {
    if (visible_.dav_3510 != 0) end_vector_function();
    called_in_function(address, frame);
  }
  void called_in_function(const void* address, const void* frame) {
    place_.address = address, place_.frame = frame;
  }
  const CallPlace& last_call() const { return place_; }
  void stack_ends(const void* frame) { place_.stack_end = frame; }
  void note_fault(const DeviceFault& fault) const;
  void carry_out(const NumberJob& job);  // on any thread
  // Waits until memory and registers hold what this core's instructions, or those of all, left there.
  void settle();
  void settle_all();

  void vector(const etalon_asc_vector&);
  void move(const etalon_asc_move&);
  void load(const etalon_asc_load&);
  void mmad(const etalon_asc_mmad&);
  void fixpipe(const etalon_asc_fixpipe&);
  // What it stores, at `dst` in place of its destination.
  void fixpipe_result(const etalon_asc_fixpipe&, std::byte* dst, int atomic_op) const;
  void fill(int space, std::uint32_t offset, std::int64_t bytes, std::uint64_t bits, int bytes_per);

  std::byte* register_access(const etalon_asc_reg_access&);  // UB's contents, null without data

  void set_flag(int from, int to, int id);
  void wait_flag(int from, int to, int id);
  void pipe_barrier(int pipe);
  void cross_set(int mode, int pipe, int id);
  void cross_wait(int mode, int id);  // mode -1: that of this core's last set of the flag
  void sync_all(bool vector_only);
  void sync_some(int cores);  // the first cores of this one's kind
  LaunchContext::Tokens& tokens_of(const void* place, int number);
  void token_give(const void* place, int number);
  void token_take(const void* place, int number);

  void scalar_read(int space, std::uint32_t offset, int bytes, void* out);
  void scalar_write(int space, std::uint32_t offset, int bytes, const void* in);
  void gm_read(const void* gm, int bytes, void* out);
  void gm_write(void* gm, int bytes, const void* in);
  void cache_clean(const void* gm);
  void barrier_scalar();
  void block_locals(char* begin, char* end);
  std::byte* local(int space, std::uint32_t offset, std::int64_t bytes);
  void scalar_work(double cycles);
  std::int64_t next(int counter);
  std::int64_t cycle() const;
  void set_atomic(int op, int type);
  void queue_note(int what, const void* queue, int space, std::uint32_t offset, std::uint32_t bytes,
                  int depth);

  etalon_asc_core* visible() { return &visible_; }

 private:
  void meet(int meeting, int count, int mode, int id, EtalonAscPipe pipe);
  InstructionEvent event(InstructionEvent::Kind kind) const;
  void note_flag(InstructionEvent::Kind kind, int from, int to, int id);
  void note_cross(InstructionEvent::Kind kind, int mode, int pipe, int id, int other_core, int counter,
                  int count = 0) const;
  struct GmSide {
    const Buffer* buffer;
    chip::Address address;
  };
  GmSide device_side(const void* gm, std::int64_t bytes, const char* name) const;
  void check_local(int space, std::uint32_t offset, std::int64_t bytes, const char* name) const;
  void need_space(int space, const char* name) const;
  // dav-3510 joins the memories of a cube core and its vector cores: L0C to UB, UB to L1.
  bool reaches(int space) const;
  CoreRuntime& partner(std::uint32_t sub_block) const;  // of a vector core: its cube core
  void drain_held();
  void end_vector_function();

  // Timing: one instruction is held back so that the flags set right after it go with it.
  void issue(chip::Instruction& instruction);
  std::uint16_t place() const { return launch_.place_of != nullptr ? (*launch_.place_of)(place_) : 0; }
  bool follows_held(const chip::Instruction&) const;
  void flush();
  void resumed();
  void take_locals();
  void flush_waits(int pipe);
  void signal_self(int pipe, chip::FlagId flag);
  void issue_transfer(chip::NpuPipe pipe, chip::NpuPath path, bool write, const chip::TransferCost& cost,
                      const void* gm, std::int64_t rows, std::int64_t row_bytes, std::int64_t pitch,
                      bool bypass, const char* name, double more_cycles = 0);
  void issue_plain(chip::NpuPipe pipe, double cycles, const char* name, double flops = 0);
  void observe(EtalonAscPipe pipe, const char* name, std::initializer_list<LocalRange> ranges,
               const void* gm = nullptr, std::int64_t gm_bytes = 0, bool gm_write = false,
               InstructionEvent::Descriptor kind = {}, const void* descriptor = nullptr);

  // Numbers (core_numbers.cpp): `rows` of device memory and memories of other cores that the job touches.
  void compute(NumberJob job, const DeviceRows* rows = nullptr,
               std::initializer_list<CoreRuntime*> into = {});
  void vector_compute(const etalon_asc_vector&);
  void settle_before(const etalon_asc_vector&);
  void settle_device(const void* gm, std::int64_t bytes, bool write);
  void take_turns();
  void move_numbers(const NumberJob&);
  void fixpipe_compute(const NumberJob&);
  void fixpipe_to_vector_cores(const etalon_asc_fixpipe&);
  void move_timing(const etalon_asc_move&);

  etalon_asc_core visible_ = {};
  std::vector<char> locals_;  // this core's, while another runs
  CallPlace place_;
  LaunchContext& launch_;
  int core_;
  bool is_cube_;
  chip::Core* timed_ = nullptr;
  LocalMemory memory_[kAscLocalSpaces];
  int atomic_op_ = kAscAtomicNone, atomic_type_ = 0;
  std::uint32_t reduced_ = 0, reduced_at_ = 0;  // as of the last job carried out
  int since_turn_ = 0;
  bool is_open_ = false;  // the block has an address of local memory, so that nothing can be put off

  chip::Instruction held_;
  bool has_held_ = false;
  static constexpr int kMostJoined = 16;  // so that a pipe's queue does not become endless
  int held_count_ = 0;
  double pending_scalar_ = 0;
  struct PipeWaits {
    chip::FlagId flags[3];
    int count = 0;
    int paying = 0;           // of these, how many cost the pipe the time a flag takes
    std::uint16_t place = 0;  // of the last
  };
  PipeWaits waits_[chip::kNpuPipes];
  bool vector_barrier_ = true;
  std::uint16_t function_place_ = 0;  // of the vector function that runs
  // Unit flags: the FixPipe transfer in flight and what the next tiles' products must wait for.
  int unit_begun_ = 0, unit_ended_ = 0;
  // Mode of this core's last set of each cross-core flag; -1: none.
  int mode_of_id_[16] = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1};
};

// Throws if the instruction has no form for its types.
void check_vector_form(const etalon_asc_vector&);
// The numbers of one vector instruction on real memory.
void vector_numbers(const etalon_asc_vector&, std::byte* ub, etalon_asc_core&);
// A Select whose mask is named by the compare register, with its place filled in; `src1`: the bytes at src1,
// if there are any.
etalon_asc_vector with_bits_in_place(etalon_asc_vector v, const std::byte* src1, const etalon_asc_core&);
void load_numbers(const etalon_asc_load&, const std::byte* l1, std::byte* dst);
// 4:2 sparsity (sparse_numbers.cpp). The indices of a load go beyond L0B; the product reads them from there.
// Pointers to the beginnings of the memories.
void load_sparse_numbers(const etalon_asc_load&, const std::byte* l1, std::byte* l0b);
void mmad_sparse_numbers(const etalon_asc_mmad&, const std::byte* l0a, const std::byte* l0b, std::byte* l0c);
void mmad_numbers(const etalon_asc_mmad&, const std::byte* l0a, const std::byte* l0b, std::byte* l0c,
                  const std::byte* bias_table);
// One value of L0C through FixPipe to its destination type.
void fixpipe_numbers(const etalon_asc_fixpipe&, const std::byte* l0c, const std::byte* fb, std::byte* dst,
                     int atomic_op);
// dst = dst op src element by element, for atomic transfers.
void atomic_numbers(int op, int type, std::byte* dst, const std::byte* src, std::int64_t bytes);

}  // namespace etalon::ascendc
