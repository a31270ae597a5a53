// SPDX-License-Identifier: Apache-2.0
// The C interface: every call goes to the core whose fiber is running.
#include "ascendc/api/ascendc/abi.h"

#include "ascendc/launch/core_runtime.h"

using etalon::ascendc::CoreRuntime;

namespace {
inline CoreRuntime& current() { return *static_cast<CoreRuntime*>(etalon_asc_current->runtime); }
}  // namespace

extern "C" {
void etalon_asc_vector_op(const etalon_asc_vector* v) { current().vector(*v); }
void etalon_asc_move_op(const etalon_asc_move* m) { current().move(*m); }
void etalon_asc_load_op(const etalon_asc_load* l) { current().load(*l); }
void etalon_asc_mmad_op(const etalon_asc_mmad* d) { current().mmad(*d); }
void etalon_asc_fixpipe_op(const etalon_asc_fixpipe* f) { current().fixpipe(*f); }
void etalon_asc_fill_op(int space, std::uint32_t offset, std::int64_t bytes, std::uint64_t bits,
                        int bytes_per) {
  current().fill(space, offset, bytes, bits, bytes_per);
}
void etalon_asc_set_flag(int from, int to, int id) { current().set_flag(from, to, id); }
void etalon_asc_wait_flag(int from, int to, int id) { current().wait_flag(from, to, id); }
void etalon_asc_barrier(int pipe) { current().pipe_barrier(pipe); }
void etalon_asc_cross_set(int mode, int pipe, int id) { current().cross_set(mode, pipe, id); }
void etalon_asc_cross_wait(int id) { current().cross_wait(-1, id); }
void etalon_asc_cross_wait_mode(int mode, int id) { current().cross_wait(mode, id); }
void etalon_asc_sync_all(int vector_only) { current().sync_all(vector_only != 0); }
void etalon_asc_scalar_read(int space, std::uint32_t offset, int bytes, void* out) {
  current().scalar_read(space, offset, bytes, out);
}
void etalon_asc_scalar_write(int space, std::uint32_t offset, int bytes, const void* in) {
  current().scalar_write(space, offset, bytes, in);
}
void etalon_asc_scalar_gm_read(const void* gm, int bytes, void* out) { current().gm_read(gm, bytes, out); }
void etalon_asc_scalar_gm_write(void* gm, int bytes, const void* in) { current().gm_write(gm, bytes, in); }
void* etalon_asc_local_pointer(int space, std::uint32_t offset) { return current().local(space, offset, 1); }
void etalon_asc_scalar_work(double cycles) { current().scalar_work(cycles); }
std::int64_t etalon_asc_next(int counter) { return current().next(counter); }
std::int64_t etalon_asc_cycle(void) { return current().cycle(); }
void etalon_asc_atomic(int op, int type) { current().set_atomic(op, type); }
void etalon_asc_fail(const char* code, const char* message) {
  throw etalon::ascendc::DeviceFault(code, message);
}
}
