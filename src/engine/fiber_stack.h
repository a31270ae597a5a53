// SPDX-License-Identifier: Apache-2.0
#pragma once

// Tells the address sanitizer when the program goes on on a fiber's stack and when it comes back, so that
// exceptions thrown there are not taken for writes to a foreign stack. Without the sanitizer all of it is
// empty. Keeps the stack of one fiber after another.
//
//   host:   stack.before_enter(); fiber = std::move(fiber).resume(); stack.after_leave();
//   fiber:  stack.entered(); ... stack.before_leave(); back = std::move(back).resume(); stack.entered(); ...
//           stack.before_last_leave(); return back;

#include <boost/context/stack_context.hpp>
#include <cstddef>
#include <utility>

#if defined(__SANITIZE_ADDRESS__)
#define ETALON_FIBER_NOTES 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ETALON_FIBER_NOTES 1
#endif
#endif
#ifdef ETALON_FIBER_NOTES
#include <sanitizer/common_interface_defs.h>
#endif

namespace etalon::engine {

class FiberStack {
 public:
  // A stack allocator that notes where the stack lies.
  template <class Allocator>
  struct Noted {
    Allocator allocator;
    FiberStack* stack;
    auto allocate() {
      auto made = allocator.allocate();
      stack->bottom_ = static_cast<const char*>(made.sp) - made.size;
      stack->bytes_ = made.size;
      return made;
    }
    template <class Context>
    void deallocate(Context& context) {
      allocator.deallocate(context);
    }
  };
  // Hands a fiber the stack kept here, made at first use or when another size is asked for, and takes it
  // back: a core runs one fiber after another without asking the system for memory each time.
  template <class Allocator>
  struct Kept {
    std::size_t bytes;
    FiberStack* stack;
    auto allocate() {
      if (stack->wanted_ != bytes) {
        stack->release();
        Allocator allocator(bytes);
        stack->kept_ = allocator.allocate();
        stack->wanted_ = bytes;
        stack->free_ = [](boost::context::stack_context& made) { Allocator().deallocate(made); };
        stack->bottom_ = static_cast<const char*>(stack->kept_.sp) - stack->kept_.size;
        stack->bytes_ = stack->kept_.size;
      }
      return stack->kept_;
    }
    template <class Context>
    void deallocate(Context&) {}
  };

  FiberStack() = default;
  FiberStack(FiberStack&& other) noexcept { *this = std::move(other); }
  FiberStack& operator=(FiberStack&& other) noexcept {
    std::swap(kept_, other.kept_);
    std::swap(free_, other.free_);
    std::swap(wanted_, other.wanted_);
    std::swap(bottom_, other.bottom_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~FiberStack() { release(); }

#ifdef ETALON_FIBER_NOTES
  void before_enter() { __sanitizer_start_switch_fiber(&host_fake_, bottom_, bytes_); }
  void after_leave() { __sanitizer_finish_switch_fiber(host_fake_, nullptr, nullptr); }
  void entered() { __sanitizer_finish_switch_fiber(fake_, &host_bottom_, &host_bytes_); }
  void before_leave() { __sanitizer_start_switch_fiber(&fake_, host_bottom_, host_bytes_); }
  void before_last_leave() { __sanitizer_start_switch_fiber(nullptr, host_bottom_, host_bytes_); }
#else
  void before_enter() {}
  void after_leave() {}
  void entered() {}
  void before_leave() {}
  void before_last_leave() {}
#endif

 private:
  void release() {
    if (free_ != nullptr) free_(kept_);
    free_ = nullptr;
    wanted_ = 0;
  }
  boost::context::stack_context kept_;
  void (*free_)(boost::context::stack_context&) = nullptr;
  std::size_t wanted_ = 0;
  const void* bottom_ = nullptr;
  std::size_t bytes_ = 0;
#ifdef ETALON_FIBER_NOTES
  const void* host_bottom_ = nullptr;
  std::size_t host_bytes_ = 0;
  void *fake_ = nullptr, *host_fake_ = nullptr;
#endif
};

}  // namespace etalon::engine
