// SPDX-License-Identifier: Apache-2.0
#pragma once

// TBufPool: a stretch of one memory, of which buffers and queues, or smaller pools, are handed out. Two pools
// may share a stretch and be used in turn.

#include "pipe.h"

namespace AscendC {

template <TPosition pos, std::uint32_t bufIDSize = 4>
class TBufPool {
 public:
  static constexpr int space = detail::space_of(pos);
  template <class Queue>
  bool InitBuffer(Queue& queue, std::uint8_t num, std::uint32_t bytes) {
    static_assert(Queue::space == space, "a queue lies in the memory of its pool");
    const std::uint32_t size = detail::whole_blocks(bytes);
    queue.drop_buffers();
    for (std::uint8_t i = 0; i < num; ++i) {
      const std::uint32_t at = take(size);
      queue.add_buffer(at, size);
      etalon_asc_queue_note(kAscNoteBuffer, &queue, space, at, size, num);
    }
    return true;
  }
  template <class Buffer>
  bool InitBuffer(Buffer& buffer, std::uint32_t bytes) {
    static_assert(Buffer::space == space, "a buffer lies in the memory of its pool");
    const std::uint32_t size = detail::whole_blocks(bytes), at = take(size);
    buffer.set_memory(at, size);
    return true;
  }
  // A pool inside this one; or one that shares the stretch of `share`, from its beginning.
  template <class Pool>
  bool InitBufPool(Pool& pool, std::uint32_t bytes) {
    static_assert(Pool::space == space, "a pool lies in the memory of its pool");
    const std::uint32_t size = detail::whole_blocks(bytes);
    pool.set_memory(take(size), size);
    return true;
  }
  template <class Pool, class Shared>
  bool InitBufPool(Pool& pool, std::uint32_t bytes, const Shared& share) {
    static_assert(Pool::space == space && Shared::space == space, "pools that share lie in one memory");
    if (bytes > share.size())
      etalon_asc_fail("ascendc.memory", "InitBufPool: larger than the pool it shares memory with");
    pool.set_memory(share.begin(), detail::whole_blocks(bytes));
    return true;
  }
  void Reset() { used_ = 0; }

  void set_memory(std::uint32_t offset, std::uint32_t bytes) { begin_ = offset, bytes_ = bytes, used_ = 0; }
  std::uint32_t begin() const { return begin_; }
  std::uint32_t size() const { return bytes_; }

 private:
  std::uint32_t take(std::uint32_t size) {
    if (bytes_ - used_ < size)
      etalon_asc_fail("ascendc.memory", "InitBuffer asks for more than its pool has left");
    used_ += size;
    return begin_ + used_ - size;
  }
  std::uint32_t begin_ = 0, bytes_ = 0, used_ = 0;
};

template <class Pool>
inline bool TPipe::InitBufPool(Pool& pool, std::uint32_t bytes) {
  const std::uint32_t size = detail::whole_blocks(bytes);
  pool.set_memory(take(Pool::space, size), size);
  return true;
}
template <class Pool, class Shared>
inline bool TPipe::InitBufPool(Pool& pool, std::uint32_t bytes, const Shared& share) {
  if (bytes > share.size())
    etalon_asc_fail("ascendc.memory", "InitBufPool: larger than the pool it shares memory with");
  pool.set_memory(share.begin(), detail::whole_blocks(bytes));
  return true;
}

}  // namespace AscendC
