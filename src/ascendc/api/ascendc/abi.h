// SPDX-License-Identifier: Apache-2.0
#pragma once

// The border between device code and the runtime: a C interface of plain instruction descriptors. Device headers
// build a descriptor per API call and hand it over; what it does and what it costs is the runtime's business.
// Local memory is named by space and byte offset, device memory by pointer.

#include <cstdint>

extern "C" {

enum EtalonAscSpace {
  kAscUb, kAscL1, kAscL0a, kAscL0b, kAscL0c, kAscBt, kAscFb, kAscLocalSpaces,
  kAscGm = kAscLocalSpaces
};
// The offset of a tensor that was never given memory, and of elements beyond any memory.
static const std::uint32_t kAscNowhere = 0xffffffe0;

enum EtalonAscType {
  kAscF16, kAscBf16, kAscF32, kAscS8, kAscU8, kAscS16, kAscU16, kAscS32, kAscU32, kAscS64, kAscU64,
  kAscE4m3, kAscE5m2, kAscHif8, kAscS4, kAscE2m1, kAscE1m2, kAscE8m0, kAscTypes
};

enum EtalonAscPipe { kAscPipeS, kAscPipeV, kAscPipeM, kAscPipeMte1, kAscPipeMte2, kAscPipeMte3, kAscPipeFix, kAscPipeAll };

enum EtalonAscOp {
  // two sources
  kAscAdd, kAscSub, kAscMul, kAscDiv, kAscMax, kAscMin, kAscAnd, kAscOr, kAscAddRelu, kAscSubRelu,
  kAscMulAddDst, kAscFusedMulAdd, kAscFusedMulAddRelu,
  // one source and a scalar
  kAscAdds, kAscMuls, kAscMaxs, kAscMins, kAscLeakyRelu, kAscShiftLeft, kAscShiftRight, kAscAxpy,
  // one source
  kAscExp, kAscLn, kAscAbs, kAscSqrt, kAscRsqrt, kAscReciprocal, kAscRelu, kAscNot, kAscCast, kAscCopy,
  kAscDuplicate,
  // masks
  kAscCompare, kAscCompares, kAscSelect,
  // reductions
  kAscWholeSum, kAscWholeMax, kAscWholeMin, kAscBlockSum, kAscBlockMax, kAscBlockMin, kAscPairSum, kAscRepeatSum,
  // data arrangement
  kAscBrcb, kAscGather, kAscGatherBlock, kAscGatherMask, kAscTranspose16, kAscTransposeBlocks, kAscSort32, kAscMrgSort,
  kAscArange,
  // the compare register: Compare without destination, from UB, to UB
  kAscCompareBits, kAscSetBits, kAscGetBits,
  kAscOps
};

// extra[0]: where the bits lie. extra[1] not 0: they, or where they lie, are in the compare register (once: the bits;
// scalar: the register holds the scalar, the first 4 bytes of src1 the place; per repeat: the register holds the place).
enum EtalonAscSelect { kAscSelectMaskOnce, kAscSelectScalar, kAscSelectMaskPerRepeat };

// One vector instruction. Offsets are bytes in UB; block and repeat strides count 32 bytes.
struct etalon_asc_vector {
  std::uint16_t op;
  std::uint8_t dst_type, src_type;
  std::uint8_t sources;       // 0, 1, 2
  std::uint8_t count_form;    // 1: `repeat` is a number of contiguous elements
  std::uint8_t detail;        // round mode, compare mode, select mode, reduce order
  std::uint8_t counter;       // 1: mask[0] is a number of elements, repeats follow from it
  std::uint32_t dst, src0, src1;
  std::uint32_t repeat;
  std::uint64_t mask[2];
  std::uint16_t dst_block, src0_block, src1_block, dst_repeat, src0_repeat, src1_repeat;
  union {
    double real;
    std::int64_t integer;
  } scalar;
  std::uint32_t extra[4];     // op specific
  const std::uint32_t* lists; // TransDataTo5HD: offsets of 16 destination blocks, then of 16 source blocks
};

enum EtalonAscMove { kAscMovePlain, kAscMovePad, kAscMoveNd2Nz };

// One transfer between spaces. Plain and pad: `rows` runs of `row_bytes`, run starts `src_pitch` / `dst_pitch`
// bytes apart. ND to NZ: `rows` rows of row_bytes from `src_pitch`-apart rows into fractal columns.
struct etalon_asc_move {
  std::uint8_t kind, src_space, dst_space, type;
  std::uint8_t left_pad, right_pad, is_pad, bypass_l2;
  std::uint32_t local, local2;   // byte offset of the on-chip side; local2: the destination if both are on chip
  void* gm;                      // device side
  std::int64_t rows, row_bytes, src_pitch, dst_pitch;
  std::uint32_t matrices;        // ND to NZ
  std::int64_t src_matrix_pitch, dst_matrix_pitch, dst_column_pitch;
  std::uint64_t pad_bits;
};

enum EtalonAscLoad { kAscLoad2d, kAscLoadTranspose, kAscLoad3d, kAscLoadRegion, kAscLoadScales, kAscLoadSparse };

// L1 to L0A, L0B (or UB for sparse users later). Offsets in bytes, indices and strides in 512-byte fractals.
struct etalon_asc_load {
  std::uint8_t kind, dst_space, type, transpose;
  std::uint32_t dst, src;
  std::int32_t start, repeat, src_stride, dst_gap, dst_fractal_gap;
  // im2col
  std::uint16_t l1_h, l1_w, channels, k_extension, m_extension, k_start, m_start;
  std::uint8_t pad[4], stride_w, stride_h, filter_w, filter_h, dilation_w, dilation_h;
  double pad_value;
  // 4:2 sparsity: 128 bytes of indices per fractal, from byte `index` of L1; kept beyond L0B, from byte `table`.
  std::uint32_t index, table;
  // A region of fractal columns (dav-3510): m_start and k_start fractals from the source's start, m_step x k_step of them;
  // src_stride and dst_stride from one column to the next. Scales of MX operands: the same in units of 32 bytes.
  std::uint16_t m_step, k_step;
  std::int32_t dst_stride;
  std::uint8_t columns;  // set by the runtime: L0A's fractals lie column by column (dav-3510), not row by row
};

struct etalon_asc_mmad {
  std::uint8_t a_type, b_type, c_type, unit_flag;
  std::uint8_t init, bias, k_align, hf32;
  std::uint8_t sparse;   // B holds two of every four of its k rows, as the indices beyond L0B (from `table`) say
  std::uint8_t mx;       // operands have scales
  std::uint8_t columns;  // set by the runtime: L0A's fractals lie column by column (dav-3510), not row by row
  std::uint32_t a, b, c, bias_offset, table;
  std::uint32_t l0a_bytes, l0b_bytes;  // set by the runtime: beyond them lie the scales
  std::uint16_t m, n, k;
};

enum EtalonAscQuant { kAscNoQuant, kAscF32F16, kAscF32Bf16, kAscDeqF16, kAscReq8, kAscF32B8, kAscVDeqF16, kAscVReq8, kAscVF32B8 };

struct etalon_asc_fixpipe {
  std::uint8_t dst_space, dst_type, src_type, quant;
  std::uint8_t relu, unit_flag, nz, channel_split;
  std::uint32_t src, dst;        // dst: local offset
  void* gm;
  std::uint32_t m, n, src_stride, dst_stride;  // src: 16-element rows per fractal column; dst: ND elements, NZ 32 bytes
  std::uint32_t matrices, src_matrix, dst_matrix;
  std::uint8_t dual, sub_block;  // into UB: rows (1) or columns (2) halved between the vector cores, or one of them (0)
  std::uint64_t scale;           // fp32 bits in the low half, or byte offset in FB for the vector forms
};

// Register-based vector code (dav-3510, api/reg). Device code computes on registers by itself; the runtime is told what
// they read and write of UB, and counts what a vector function costs.
enum EtalonAscRegWork {
  kAscRegLoad, kAscRegStore, kAscRegSimple, kAscRegSpecial,  // kAscRegSpecial counts elements: exp, ln, sqrt, div
  kAscRegBarrier, kAscRegWorks
};
enum EtalonAscRegAccess {
  kAscRegMayRead,  // a load: where it lies is checked; what of it is used is told by kAscRegRead
  kAscRegRead,
  kAscRegWrite
};
struct etalon_asc_reg_run {
  std::uint32_t begin, bytes;  // of UB
};
struct etalon_asc_reg_access {
  const char* name;
  const struct etalon_asc_reg_run* runs;
  std::uint32_t count;
  std::uint8_t kind;
  std::uint8_t alignment;    // the first run begins at a multiple of it
  unsigned char* undefined;  // one byte for each of the runs': a read gets, a write gives which are undefined, or null
};

// What device code may read of its core. Owned by the runtime.
struct etalon_asc_core {
  std::uint32_t block, blocks, sub_block, sub_blocks;  // GetBlockIdx, GetBlockNum, GetSubBlockIdx, vector cores per block
  std::uint8_t is_cube, has_data, mask_counter;
  std::uint64_t mask[2];
  void* pipe;                 // the kernel's TPipe
  void* runtime;              // the runtime's own
  std::uint32_t space_bytes[7];
  float deq_scale;
  std::uint8_t hf32;
  struct {
    std::uint16_t height, width;
    std::uint8_t pad[4];      // left, right, top, bottom
  } fmatrix[2];               // SetFmatrix: of the left and the right matrix
  double load_pad;            // SetLoadDataPaddingValue
  std::uint64_t fix_scale;    // SetFixpipePreQuantFlag
  std::uint32_t fix_scales;   // SetFixPipeConfig: where the scales of the channels lie
  std::uint16_t fix_matrices, fix_src_matrix, fix_dst_matrix;  // SetFixpipeNz2ndFlag
  std::uint32_t compare_bits[8];  // the compare register; its first 128 bits are in use
  std::uint32_t block_addresses[8][8];  // registers of eight addresses in UB
  std::uint8_t by_queue;          // flags set and waited for just now are those of a TQue
  std::uint64_t kept;             // elements the last GatherMask kept
  std::uint16_t merged[4];        // pairs the last MrgSort took of each list
  // Ask etalon_asc_settle before reading these.
  std::uint32_t reduced, reduced_at;  // value (its bits) and index of the last reduction of a repeat
  std::uint64_t control;          // the control register of the core
  std::uint64_t pad_bits;         // what declared padding of transfers holds, if the transfer does not say
  std::uint8_t dav_3510;          // the architecture of the core
  std::uint8_t watched;           // somebody wants to know what registers read
  std::uint32_t reg_work[kAscRegWorks];  // of the vector function that runs
};

extern __thread struct etalon_asc_core* etalon_asc_current;

// Calls of two branches must not become one: each has its own line in findings.
#ifdef __clang__
#pragma clang attribute push(__attribute__((nomerge)), apply_to = function)
#endif

void etalon_asc_vector_op(const struct etalon_asc_vector*);
void etalon_asc_move_op(const struct etalon_asc_move*);
void etalon_asc_load_op(const struct etalon_asc_load*);
void etalon_asc_mmad_op(const struct etalon_asc_mmad*);
void etalon_asc_fixpipe_op(const struct etalon_asc_fixpipe*);
// UB's contents, null without data.
void* etalon_asc_reg_memory(const struct etalon_asc_reg_access*);
// A vector function begins or ends; one that is not announced ends with the next call of another kind.
void etalon_asc_reg_scope(void);
// Fills L0A, L0B or L1 with a pattern of `bits` of `bytes_per` bytes.
void etalon_asc_fill_op(int space, std::uint32_t offset, std::int64_t bytes, std::uint64_t bits, int bytes_per);

void etalon_asc_set_flag(int from, int to, int id);
void etalon_asc_wait_flag(int from, int to, int id);
void etalon_asc_barrier(int pipe);
void etalon_asc_cross_set(int mode, int pipe, int id);
void etalon_asc_cross_wait(int id);
void etalon_asc_cross_wait_mode(int mode, int id);  // mode 4 names one vector core; others as etalon_asc_cross_wait
void etalon_asc_sync_all(int vector_only);
void etalon_asc_sync_some(int cores);  // the first `cores` blocks of the kind of core that asks
// Tokens that cores of one launch pass each other: each names a place in device memory and a number.
void etalon_asc_token_give(const void* place, int number);
void etalon_asc_token_take(const void* place, int number);

// Scalar unit. Reads and writes of absent data end the kernel with a finding naming the tensor access.
void etalon_asc_scalar_read(int space, std::uint32_t offset, int bytes, void* out);
void etalon_asc_scalar_write(int space, std::uint32_t offset, int bytes, const void* in);
void etalon_asc_scalar_gm_read(const void* gm, int bytes, void* out);
void etalon_asc_scalar_gm_write(void* gm, int bytes, const void* in);
void* etalon_asc_local_pointer(int space, std::uint32_t offset);  // null without data
void etalon_asc_scalar_work(double cycles);
// Waits until the core's memories and registers hold what its instructions leave there.
void etalon_asc_settle(void);
// Writes back what the scalar unit's cache holds of device memory at `gm`; waits for the scalar unit's own accesses.
void etalon_asc_cache_clean(const void* gm);
void etalon_asc_barrier_scalar(void);
std::int64_t etalon_asc_next(int counter);
std::int64_t etalon_asc_cycle(void);

enum EtalonAscAtomic { kAscAtomicNone, kAscAtomicAdd, kAscAtomicMax, kAscAtomicMin };
void etalon_asc_atomic(int op, int type);
// What queues and pipes do with on-chip memory, for observers.
enum EtalonAscQueueNote {
  kAscNoteBuffer, kAscNoteAlloc, kAscNoteEnque, kAscNoteDeque, kAscNoteFree, kAscNoteReset, kAscNoteDestroy
};
void etalon_asc_queue_note(int what, const void* queue, int space, std::uint32_t offset, std::uint32_t bytes, int depth);
// Ends the kernel with a finding.
[[noreturn]] void etalon_asc_fail(const char* code, const char* message);

#ifdef __clang__
#pragma clang attribute pop
#endif

}  // extern "C"
