// SPDX-License-Identifier: Apache-2.0
// The C interface: every call goes to the core whose fiber is running.
#include "ascendc/api/ascendc/abi.h"

#include "ascendc/launch/block_locals.h"
#include "ascendc/launch/core_runtime.h"

using etalon::ascendc::CoreRuntime;

namespace {
inline CoreRuntime& current(const void* address, const void* frame) {
  auto& core = *static_cast<CoreRuntime*>(etalon_asc_current->runtime);
  core.called_from(address, frame);
  return core;
}
inline CoreRuntime& current_in_function(const void* address, const void* frame) {
  auto& core = *static_cast<CoreRuntime*>(etalon_asc_current->runtime);
  core.called_in_function(address, frame);
  return core;
}
}  // namespace

// The core whose fiber runs, told where device code called. This function's frame begins with that of its
// caller, which is read at once: a tail call gives it up.
#define ETALON_CURRENT \
  current(__builtin_return_address(0), *static_cast<void* const*>(__builtin_frame_address(0)))

extern "C" {
void etalon_asc_vector_op(const etalon_asc_vector* v) { ETALON_CURRENT.vector(*v); }
void etalon_asc_move_op(const etalon_asc_move* m) { ETALON_CURRENT.move(*m); }
void etalon_asc_load_op(const etalon_asc_load* l) { ETALON_CURRENT.load(*l); }
void etalon_asc_mmad_op(const etalon_asc_mmad* d) { ETALON_CURRENT.mmad(*d); }
void etalon_asc_fixpipe_op(const etalon_asc_fixpipe* f) { ETALON_CURRENT.fixpipe(*f); }
void* etalon_asc_reg_memory(const etalon_asc_reg_access* a) {
  return current_in_function(__builtin_return_address(0),
                             *static_cast<void* const*>(__builtin_frame_address(0)))
      .register_access(*a);
}
void etalon_asc_reg_scope(void) { static_cast<void>(ETALON_CURRENT); }
void etalon_asc_fill_op(int space, std::uint32_t offset, std::int64_t bytes, std::uint64_t bits,
                        int bytes_per) {
  ETALON_CURRENT.fill(space, offset, bytes, bits, bytes_per);
}
void etalon_asc_set_flag(int from, int to, int id) { ETALON_CURRENT.set_flag(from, to, id); }
void etalon_asc_wait_flag(int from, int to, int id) { ETALON_CURRENT.wait_flag(from, to, id); }
void etalon_asc_barrier(int pipe) { ETALON_CURRENT.pipe_barrier(pipe); }
void etalon_asc_cross_set(int mode, int pipe, int id) { ETALON_CURRENT.cross_set(mode, pipe, id); }
void etalon_asc_cross_wait(int id) { ETALON_CURRENT.cross_wait(-1, id); }
void etalon_asc_cross_wait_mode(int mode, int id) { ETALON_CURRENT.cross_wait(mode, id); }
void etalon_asc_sync_all(int vector_only) { ETALON_CURRENT.sync_all(vector_only != 0); }
void etalon_asc_sync_some(int cores) { ETALON_CURRENT.sync_some(cores); }
void etalon_asc_token_give(const void* place, int number) { ETALON_CURRENT.token_give(place, number); }
void etalon_asc_token_take(const void* place, int number) { ETALON_CURRENT.token_take(place, number); }
void etalon_asc_block_locals(char* begin, char* end) { ETALON_CURRENT.block_locals(begin, end); }
void etalon_asc_cache_clean(const void* gm) { ETALON_CURRENT.cache_clean(gm); }
void etalon_asc_barrier_scalar(void) { ETALON_CURRENT.barrier_scalar(); }
void etalon_asc_scalar_read(int space, std::uint32_t offset, int bytes, void* out) {
  ETALON_CURRENT.scalar_read(space, offset, bytes, out);
}
void etalon_asc_scalar_write(int space, std::uint32_t offset, int bytes, const void* in) {
  ETALON_CURRENT.scalar_write(space, offset, bytes, in);
}
void etalon_asc_scalar_gm_read(const void* gm, int bytes, void* out) {
  ETALON_CURRENT.gm_read(gm, bytes, out);
}
void etalon_asc_scalar_gm_write(void* gm, int bytes, const void* in) {
  ETALON_CURRENT.gm_write(gm, bytes, in);
}
void* etalon_asc_local_pointer(int space, std::uint32_t offset) {
  return ETALON_CURRENT.local(space, offset, 1);
}
void etalon_asc_settle(void) { ETALON_CURRENT.settle(); }
void etalon_asc_scalar_work(double cycles) { ETALON_CURRENT.scalar_work(cycles); }
std::int64_t etalon_asc_next(int counter) { return ETALON_CURRENT.next(counter); }
std::int64_t etalon_asc_cycle(void) { return ETALON_CURRENT.cycle(); }
void etalon_asc_atomic(int op, int type) { ETALON_CURRENT.set_atomic(op, type); }
void etalon_asc_queue_note(int what, const void* queue, int space, std::uint32_t offset, std::uint32_t bytes,
                           int depth) {
  ETALON_CURRENT.queue_note(what, queue, space, offset, bytes, depth);
}
void etalon_asc_fail(const char* code, const char* message) {
  static_cast<void>(ETALON_CURRENT);
  throw etalon::ascendc::DeviceFault(code, message);
}
}
