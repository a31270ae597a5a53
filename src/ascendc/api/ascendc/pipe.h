// SPDX-License-Identifier: Apache-2.0
#pragma once

// TPipe hands out on-chip memory in the order of InitBuffer and event ids from a pool of eight per pair of pipes.
// TQue passes tensors from a producing pipe to a consuming one: EnQue sets a flag after the producer, DeQue waits for
// it, FreeTensor sets the reverse flag, AllocTensor of the same buffer waits for that. TBuf is memory without flags.

#include "system.h"

namespace AscendC {

namespace detail {
// Buffers are whole blocks of 32 bytes.
constexpr std::uint32_t whole_blocks(std::uint32_t bytes) {
  return bytes > 0xffffffe0 ? 0xffffffe0 : (bytes + 31) / 32 * 32;
}
}  // namespace detail

class TPipe {
 public:
  TPipe() {
    etalon_asc_current->pipe = this;
  }
  ~TPipe() {
    if (etalon_asc_current != nullptr && etalon_asc_current->pipe == this) etalon_asc_current->pipe = nullptr;
  }
  TPipe(const TPipe&) = delete;
  TPipe& operator=(const TPipe&) = delete;

  template <class Queue>
  bool InitBuffer(Queue& queue, std::uint8_t num, std::uint32_t bytes) {
    const std::uint32_t size = detail::whole_blocks(bytes);
    queue.drop_buffers();
    for (std::uint8_t i = 0; i < num; ++i) {
      const std::uint32_t at = take(Queue::space, size);
      queue.add_buffer(at, size);
      etalon_asc_queue_note(kAscNoteBuffer, &queue, Queue::space, at, size, num);
    }
    return true;
  }
  template <class Buffer>
  bool InitBuffer(Buffer& buffer, std::uint32_t bytes) {
    const std::uint32_t size = detail::whole_blocks(bytes);
    const std::uint32_t at = take(Buffer::space, size);
    buffer.set_memory(at, size);
    etalon_asc_queue_note(kAscNoteBuffer, &buffer, Buffer::space, at, size, 1);
    return true;
  }
  // buffer_pool.h
  template <class Pool>
  bool InitBufPool(Pool& pool, std::uint32_t bytes);
  template <class Pool, class Shared>
  bool InitBufPool(Pool& pool, std::uint32_t bytes, const Shared& share);
  void Reset() {
    for (auto& u : used_) u = 0;
    for (auto& e : events_) e = 0;
    etalon_asc_queue_note(kAscNoteReset, nullptr, 0, 0, 0, 0);
  }
  void Destroy() {
    for (auto& u : used_) u = 0;
    for (auto& e : events_) e = 0;
    etalon_asc_queue_note(kAscNoteDestroy, this, 0, 0, 0, 0);
  }

  template <HardEvent event>
  TEventID AllocEventID() {
    std::uint8_t& used = events_[static_cast<int>(event)];
    for (int i = 0; i < kEventIds; ++i) {
      if ((used & (1u << i)) == 0) {
        used = static_cast<std::uint8_t>(used | (1u << i));
        return static_cast<TEventID>(i);
      }
    }
    etalon_asc_fail("ascendc.events", "no event id left for this pair of pipes, 8 are in use");
  }
  template <HardEvent event>
  void ReleaseEventID(TEventID id) {
    if (id < 0 || id >= kEventIds) etalon_asc_fail("ascendc.flag", "ReleaseEventID of an event id beyond 0 to 7");
    std::uint8_t& used = events_[static_cast<int>(event)];
    used = static_cast<std::uint8_t>(used & ~(1u << id));
  }
  // The next free id without taking it.
  TEventID FetchEventID(HardEvent event) {
    const std::uint8_t used = events_[static_cast<int>(event)];
    for (int i = 0; i < kEventIds; ++i) {
      if ((used & (1u << i)) == 0) return static_cast<TEventID>(i);
    }
    return 0;
  }
  template <HardEvent event>
  TEventID FetchEventID() {
    return FetchEventID(event);
  }

  // The first byte of a memory that InitBuffer has not handed out.
  std::uint32_t first_free(int space) const { return used_[space]; }

 private:
  std::uint32_t take(int space, std::uint32_t size) {
    const std::uint32_t at = used_[space];
    if (etalon_asc_current->space_bytes[space] - at < size || at > etalon_asc_current->space_bytes[space]) {
      etalon_asc_fail("ascendc.memory", "InitBuffer asks for more on-chip memory than the position has left");
    }
    used_[space] = at + size;
    return at;
  }
  std::uint32_t used_[kAscLocalSpaces] = {};
  std::uint8_t events_[static_cast<int>(HardEvent::MAX)] = {};
};

inline TPipe* GetTPipePtr() { return static_cast<TPipe*>(etalon_asc_current->pipe); }

namespace detail {

// The events between producer and consumer of a queue from position S to position D.
template <TPosition S, TPosition D>
constexpr HardEvent forward_event() {
  if (S == TPosition::VECIN && D == TPosition::VECOUT) return HardEvent::MTE2_MTE3;
  switch (S) {
    case TPosition::VECIN: return HardEvent::MTE2_V;
    case TPosition::VECOUT: return HardEvent::V_MTE3;
    case TPosition::A1:
    case TPosition::B1:
    case TPosition::C1: return HardEvent::MTE2_MTE1;
    case TPosition::A2:
    case TPosition::B2:
    case TPosition::C2: return HardEvent::MTE1_M;
    case TPosition::CO1: return HardEvent::M_FIX;
    default: return HardEvent::V_V;
  }
}
constexpr HardEvent reverse_of(HardEvent e) {
  switch (e) {
    case HardEvent::MTE2_MTE3: return HardEvent::MTE3_MTE2;
    case HardEvent::MTE2_V: return HardEvent::V_MTE2;
    case HardEvent::V_MTE3: return HardEvent::MTE3_V;
    case HardEvent::MTE2_MTE1: return HardEvent::MTE1_MTE2;
    case HardEvent::MTE1_M: return HardEvent::M_MTE1;
    case HardEvent::M_FIX: return HardEvent::FIX_M;
    default: return HardEvent::V_V;
  }
}

}  // namespace detail

template <TPosition src, TPosition dst, std::int32_t depth, auto mask = 0>
class TQueBind {
 public:
  static constexpr int space = detail::space_of(src == TPosition::GM ? dst : src);
  static constexpr HardEvent forward = detail::forward_event<src, dst>();
  static constexpr HardEvent backward = detail::reverse_of(forward);
  static constexpr TPosition position = src;

  template <class T>
  LocalTensor<T> AllocTensor() {
    for (int tries = 0; tries < count_; ++tries) {
      Buffer& b = buffers_[next_];
      next_ = static_cast<std::uint8_t>(next_ + 1 == count_ ? 0 : next_ + 1);
      if (b.taken) continue;
      b.taken = true;
      if (b.freed >= 0) {
        wait<backward>(b.freed);
        b.freed = -1;
      }
      note(kAscNoteAlloc, b.offset, b.bytes);
      return LocalTensor<T>(src, b.offset, static_cast<std::uint32_t>(b.bytes / sizeof(T)));
    }
    etalon_asc_fail("ascendc.queue", "AllocTensor with every buffer of the queue in use");
  }
  template <class T>
  void AllocTensor(LocalTensor<T>& tensor) {
    tensor = AllocTensor<T>();
  }
  template <class T>
  bool EnQue(const LocalTensor<T>& tensor) {
    Buffer& b = find(tensor.offset());
    note(kAscNoteEnque, b.offset, b.bytes);
    b.filled = set<forward>();
    const int tail = (head_ + waiting_) % kMaximum;
    order_[tail] = static_cast<std::uint8_t>(&b - buffers_);
    ++waiting_;
    return true;
  }
  template <class T>
  LocalTensor<T> DeQue() {
    if (waiting_ == 0) etalon_asc_fail("ascendc.queue", "DeQue from an empty queue");
    Buffer& b = buffers_[order_[head_]];
    head_ = static_cast<std::uint8_t>((head_ + 1) % kMaximum);
    --waiting_;
    wait<forward>(b.filled);
    b.filled = -1;
    note(kAscNoteDeque, b.offset, b.bytes);
    return LocalTensor<T>(src, b.offset, static_cast<std::uint32_t>(b.bytes / sizeof(T)));
  }
  template <class T>
  void DeQue(LocalTensor<T>& tensor) {
    tensor = DeQue<T>();
  }
  template <class T>
  void FreeTensor(const LocalTensor<T>& tensor) {
    Buffer& b = find(tensor.offset());
    note(kAscNoteFree, b.offset, b.bytes);
    b.freed = set<backward>();
    b.taken = false;
  }
  bool HasTensorInQue() const { return waiting_ > 0; }
  bool VacantInQue() const { return waiting_ < count_; }
  std::int32_t GetTensorCountInQue() const { return waiting_; }

  void add_buffer(std::uint32_t offset, std::uint32_t bytes) {
    if (count_ == kMaximum) etalon_asc_fail("ascendc.queue", "more than 16 buffers in one queue");
    buffers_[count_++] = Buffer{offset, bytes, -1, -1, false};
  }
  // A queue that is given buffers again, none of the old ones held, goes on with the new ones.
  void drop_buffers() {
    for (int i = 0; i < count_; ++i) {
      if (buffers_[i].taken) return;
    }
    FreeAllEvent();
    count_ = next_ = 0;
  }
  // Takes back the flags of freed buffers, so that ids return to the pool.
  void FreeAllEvent() {
    for (int i = 0; i < count_; ++i) {
      if (buffers_[i].freed >= 0) wait<backward>(buffers_[i].freed);
      buffers_[i].freed = -1;
    }
  }

 private:
  static constexpr int kMaximum = 16;
  struct Buffer {
    std::uint32_t offset, bytes;
    TEventID filled, freed;
    bool taken;
  };
  template <HardEvent event>
  TEventID set() {
    if (event == HardEvent::V_V) {
      PipeBarrier<PIPE_V>();
      return 0;
    }
    const TEventID id = GetTPipePtr()->template AllocEventID<event>();
    etalon_asc_current->by_queue = 1;
    SetFlag<event>(id);
    etalon_asc_current->by_queue = 0;
    return id;
  }
  template <HardEvent event>
  void wait(TEventID id) {
    if (event == HardEvent::V_V) return;
    etalon_asc_current->by_queue = 1;
    WaitFlag<event>(id);
    etalon_asc_current->by_queue = 0;
    GetTPipePtr()->template ReleaseEventID<event>(id);
  }
  void note(int what, std::uint32_t offset, std::uint32_t bytes) const {
    etalon_asc_queue_note(what, this, space, offset, bytes, depth);
  }
  Buffer& find(std::uint32_t offset) {
    for (int i = 0; i < count_; ++i) {
      const Buffer& b = buffers_[i];  // one of no bytes has its offset all the same
      if (b.taken && offset >= b.offset && (offset - b.offset < b.bytes || offset == b.offset)) return buffers_[i];
    }
    for (int i = 0; i < count_; ++i) {
      if (offset - buffers_[i].offset < buffers_[i].bytes && offset >= buffers_[i].offset) return buffers_[i];
    }
    etalon_asc_fail("ascendc.queue", "the tensor is not one of this queue's buffers");
  }
  Buffer buffers_[kMaximum] = {};
  std::uint8_t order_[kMaximum] = {};
  std::uint8_t count_ = 0, next_ = 0, head_ = 0, waiting_ = 0;
};

template <TPosition position, std::int32_t depth, auto mask = 0>
using TQue = TQueBind<position, TPosition::GM, depth, mask>;

template <TPosition position_ = TPosition::VECCALC>
class TBuf {
 public:
  static constexpr int space = detail::space_of(position_);
  template <class T>
  LocalTensor<T> Get() const {
    return LocalTensor<T>(position_, offset_, static_cast<std::uint32_t>(bytes_ / sizeof(T)));
  }
  template <class T>
  LocalTensor<T> Get(std::uint32_t elements) const {
    return LocalTensor<T>(position_, offset_, elements);
  }
  template <class T>
  LocalTensor<T> GetWithOffset(std::uint32_t elements, std::uint32_t byte_offset) const {
    return LocalTensor<T>(position_, offset_ + byte_offset, elements);
  }
  // As of a queue; there is one buffer and nothing to wait for.
  template <class T>
  LocalTensor<T> AllocTensor() const {
    return Get<T>();
  }
  template <class T>
  void FreeTensor(const LocalTensor<T>&) const {}
  std::uint32_t GetBufLen() const { return bytes_; }
  void set_memory(std::uint32_t offset, std::uint32_t bytes) {
    offset_ = offset;
    bytes_ = bytes;
  }

 private:
  std::uint32_t offset_ = 0, bytes_ = 0;
};

}  // namespace AscendC

using AscendC::GetTPipePtr;
