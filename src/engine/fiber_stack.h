// SPDX-License-Identifier: Apache-2.0
#pragma once

// Tells the address sanitizer when the program goes on on a fiber's stack and when it comes back, so that
// exceptions thrown there are not taken for writes to a foreign stack. Without the sanitizer all of it is
// empty.
//
//   host:   stack.before_enter(); fiber = std::move(fiber).resume(); stack.after_leave();
//   fiber:  stack.entered(); ... stack.before_leave(); back = std::move(back).resume(); stack.entered(); ...
//           stack.before_last_leave(); return back;

#include <cstddef>

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
  const void* bottom_ = nullptr;
  std::size_t bytes_ = 0;
#ifdef ETALON_FIBER_NOTES
  const void* host_bottom_ = nullptr;
  std::size_t host_bytes_ = 0;
  void *fake_ = nullptr, *host_fake_ = nullptr;
#endif
};

}  // namespace etalon::engine
