// SPDX-License-Identifier: Apache-2.0
#pragma once

// The way of one matrix tile from device memory to L0, shared by the examples of this folder. one_fractal.cpp
// goes it step by step.

#include "kernel_operator.h"

// `rows` x `columns` out of a row-major matrix whose rows are `pitch` elements apart, into L1: columns of
// fractals (NZ).
template <class T>
__aicore__ inline void ToL1(const AscendC::LocalTensor<T>& l1, const AscendC::GlobalTensor<T>& from,
                            uint16_t rows, uint16_t columns, uint32_t pitch) {
  AscendC::Nd2NzParams p;
  p.ndNum = 1;
  p.nValue = rows;
  p.dValue = columns;
  p.srcNdMatrixStride = 0;
  p.srcDValue = pitch;
  p.dstNzC0Stride = (rows + 15) / 16 * 16;
  p.dstNzNStride = 1;
  p.dstNzMatrixStride = 0;
  AscendC::DataCopy(l1, from, p);
}

// The left operand: L1 (rows x columns, NZ) to L0A, which wants rows of fractals (ZZ). One LoadData per row
// of fractals; within it the next fractal is a column further, rows / 16 fractals on.
template <class T>
__aicore__ inline void ToL0A(const AscendC::LocalTensor<T>& l0, const AscendC::LocalTensor<T>& l1,
                             uint16_t rows, uint16_t columns) {
  constexpr uint32_t c0 = 32 / sizeof(T), fractal = 16 * c0;  // elements of a fractal's row, and of a fractal
  AscendC::LoadData2DParams p;
  p.repeatTimes = columns / c0;
  p.srcStride = rows / 16;
  p.ifTranspose = false;
  for (uint16_t row = 0; row < rows / 16; ++row)
    AscendC::LoadData(l0[row * 16 * columns], l1[row * fractal], p);
}

// The right operand of 16 bits: L1 (k x n, NZ) to L0B, rows of fractals each of which is transposed (ZN).
template <class T>
__aicore__ inline void ToL0B(const AscendC::LocalTensor<T>& l0, const AscendC::LocalTensor<T>& l1, uint16_t k,
                             uint16_t n) {
  AscendC::LoadData2DParams p;
  p.repeatTimes = n / 16;
  p.srcStride = k / 16;
  p.ifTranspose = true;
  for (uint16_t row = 0; row < k / 16; ++row) AscendC::LoadData(l0[row * 16 * n], l1[row * 256], p);
}
