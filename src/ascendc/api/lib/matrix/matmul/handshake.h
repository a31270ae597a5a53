// SPDX-License-Identifier: Apache-2.0
#pragma once

// A buffer between two pipes of the cube core: one fills it, the other empties it, each waits for the other.

#include "ascendc/pipe.h"

namespace AscendC {
namespace detail {
namespace mm {

template <HardEvent forward, HardEvent backward>
class Handshake {
 public:
  void begin(TPipe* pipe) {
    forward_ = pipe->template AllocEventID<forward>();
    backward_ = pipe->template AllocEventID<backward>();
    empty();
  }
  void end(TPipe* pipe) {
    to_fill();
    pipe->template ReleaseEventID<forward>(forward_);
    pipe->template ReleaseEventID<backward>(backward_);
  }
  void to_fill() const { WaitFlag<backward>(backward_); }
  void full() const { SetFlag<forward>(forward_); }
  void to_empty() const { WaitFlag<forward>(forward_); }
  void empty() const { SetFlag<backward>(backward_); }

 private:
  TEventID forward_ = 0, backward_ = 0;
};
using L1Buffer = Handshake<HardEvent::MTE2_MTE1, HardEvent::MTE1_MTE2>;
using L0Buffer = Handshake<HardEvent::MTE1_M, HardEvent::M_MTE1>;
using L0cBuffer = Handshake<HardEvent::M_FIX, HardEvent::FIX_M>;
using ScaleBuffer = Handshake<HardEvent::MTE2_FIX, HardEvent::FIX_MTE2>;

}  // namespace mm
}  // namespace detail
}  // namespace AscendC
