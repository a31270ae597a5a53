// SPDX-License-Identifier: Apache-2.0
#pragma once

// z = x + y on one core: double-buffered queues, a tail that is no multiple of the tile.

#include "kernel_operator.h"

template <class T>
class Add {
 public:
  __aicore__ inline Add() {}
  __aicore__ inline void Init(GM_ADDR x, GM_ADDR y, GM_ADDR z, uint32_t total, uint32_t tile) {
    const uint32_t each = total / AscendC::GetBlockNum();
    length_ = each;
    tile_ = tile;
    x_.SetGlobalBuffer((__gm__ T*)x + each * AscendC::GetBlockIdx(), each);
    y_.SetGlobalBuffer((__gm__ T*)y + each * AscendC::GetBlockIdx(), each);
    z_.SetGlobalBuffer((__gm__ T*)z + each * AscendC::GetBlockIdx(), each);
    pipe_.InitBuffer(in_x_, 2, tile * sizeof(T));
    pipe_.InitBuffer(in_y_, 2, tile * sizeof(T));
    pipe_.InitBuffer(out_, 2, tile * sizeof(T));
  }
  __aicore__ inline void Process() {
    for (uint32_t at = 0; at < length_; at += tile_) {
      const uint32_t count = length_ - at < tile_ ? length_ - at : tile_;
      AscendC::LocalTensor<T> x = in_x_.template AllocTensor<T>(), y = in_y_.template AllocTensor<T>();
      AscendC::DataCopy(x, x_[at], count);
      AscendC::DataCopy(y, y_[at], count);
      in_x_.EnQue(x);
      in_y_.EnQue(y);
      x = in_x_.template DeQue<T>();
      y = in_y_.template DeQue<T>();
      AscendC::LocalTensor<T> z = out_.template AllocTensor<T>();
      AscendC::Add(z, x, y, count);
      out_.EnQue(z);
      in_x_.FreeTensor(x);
      in_y_.FreeTensor(y);
      z = out_.template DeQue<T>();
      AscendC::DataCopy(z_[at], z, count);
      out_.FreeTensor(z);
    }
  }

 private:
  AscendC::TPipe pipe_;
  AscendC::TQue<AscendC::QuePosition::VECIN, 2> in_x_, in_y_;
  AscendC::TQue<AscendC::QuePosition::VECOUT, 2> out_;
  AscendC::GlobalTensor<T> x_, y_, z_;
  uint32_t length_ = 0, tile_ = 0;
};
