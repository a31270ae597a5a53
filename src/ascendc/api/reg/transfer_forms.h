// SPDX-License-Identifier: Apache-2.0
// The forms of aligned loads and stores, under the names ETALON_REG_LOAD and ETALON_REG_STORE. Included more
// than once.

namespace AscendC {
namespace Reg {

template <class T = DefaultType, LoadDist dist = LoadDist::DIST_NORM, class R, class P,
          detail::OnlyRegister<R> = 0>
inline void ETALON_REG_LOAD(R& dst, P* address) {
  detail::load_one<detail::TypeOf<T, R>, dist>("LoadAlign", dst, detail::offset_in_ub(address));
}
template <class T, PostLiteral mode, LoadDist dist = LoadDist::DIST_NORM, class R, class P,
          detail::OnlyRegister<R> = 0>
inline void ETALON_REG_LOAD(R& dst, P*& address, std::int32_t stride) {
  detail::load_one<detail::TypeOf<T, R>, dist>("LoadAlign", dst, detail::offset_in_ub(address));
  if (mode == PostLiteral::POST_MODE_UPDATE) detail::advance(address, stride);
}
template <class T = DefaultType, LoadDist dist = LoadDist::DIST_NORM, class R, class P,
          detail::OnlyRegister<R> = 0>
inline void ETALON_REG_LOAD(R& dst, P* address, AddrReg offset) {
  detail::load_one<detail::TypeOf<T, R>, dist>("LoadAlign", dst, detail::at(address, offset));
}
template <class T, LoadDist dist, class R, class P, detail::OnlyRegister<R> = 0>
inline void ETALON_REG_LOAD(R& dst0, R& dst1, P* address) {
  detail::load_two<dist>("LoadAlign", dst0, dst1, detail::offset_in_ub(address));
}
template <class T, PostLiteral mode, LoadDist dist, class R, class P, detail::OnlyRegister<R> = 0>
inline void ETALON_REG_LOAD(R& dst0, R& dst1, P*& address, std::int32_t stride) {
  detail::load_two<dist>("LoadAlign", dst0, dst1, detail::offset_in_ub(address));
  if (mode == PostLiteral::POST_MODE_UPDATE) detail::advance(address, stride);
}
template <class T, LoadDist dist, class R, class P, detail::OnlyRegister<R> = 0>
inline void ETALON_REG_LOAD(R& dst0, R& dst1, P* address, AddrReg offset) {
  detail::load_two<dist>("LoadAlign", dst0, dst1, detail::at(address, offset));
}
template <class T, DataCopyMode mode, class R, class P, detail::OnlyRegister<R> = 0>
inline void ETALON_REG_LOAD(R& dst, P* address, std::uint32_t block_stride, const MaskReg& mask) {
  detail::load_blocks("LoadAlign", dst, detail::offset_in_ub(address), block_stride, mask);
}
template <class T, DataCopyMode mode, PostLiteral post, class R, class P, detail::OnlyRegister<R> = 0>
inline void ETALON_REG_LOAD(R& dst, P*& address, std::uint32_t block_stride, std::uint32_t repeat_stride,
                            const MaskReg& mask) {
  detail::load_blocks("LoadAlign", dst, detail::offset_in_ub(address), block_stride, mask);
  if (post == PostLiteral::POST_MODE_UPDATE)
    detail::advance(address, std::int64_t{repeat_stride} * 32 / static_cast<std::int64_t>(sizeof(P)));
}

template <class T = DefaultType, StoreDist dist = StoreDist::DIST_NORM, class R, class P,
          detail::OnlyRegister<R> = 0>
inline void ETALON_REG_STORE(P* address, const R& src, const MaskReg& mask) {
  detail::store_one<detail::TypeOf<T, R>, dist>("StoreAlign", detail::offset_in_ub(address), src, mask);
}
template <class T, PostLiteral mode, StoreDist dist = StoreDist::DIST_NORM, class R, class P,
          detail::OnlyRegister<R> = 0>
inline void ETALON_REG_STORE(P*& address, const R& src, std::int32_t stride, const MaskReg& mask) {
  detail::store_one<detail::TypeOf<T, R>, dist>("StoreAlign", detail::offset_in_ub(address), src, mask);
  if (mode == PostLiteral::POST_MODE_UPDATE) detail::advance(address, stride);
}
template <class T = DefaultType, StoreDist dist = StoreDist::DIST_NORM, class R, class P,
          detail::OnlyRegister<R> = 0>
inline void ETALON_REG_STORE(P* address, const R& src, AddrReg offset, const MaskReg& mask) {
  detail::store_one<detail::TypeOf<T, R>, dist>("StoreAlign", detail::at(address, offset), src, mask);
}
template <class T, StoreDist dist, class R, class P, detail::OnlyRegister<R> = 0>
inline void ETALON_REG_STORE(P* address, const R& src0, const R& src1, const MaskReg& mask) {
  detail::store_two<dist>("StoreAlign", detail::offset_in_ub(address), src0, src1, mask);
}
template <class T, StoreDist dist, class R, class P, detail::OnlyRegister<R> = 0>
inline void ETALON_REG_STORE(P* address, const R& src0, const R& src1, AddrReg offset, const MaskReg& mask) {
  detail::store_two<dist>("StoreAlign", detail::at(address, offset), src0, src1, mask);
}
template <class T, DataCopyMode mode, class R, class P, detail::OnlyRegister<R> = 0>
inline void ETALON_REG_STORE(P* address, const R& src, std::uint32_t block_stride, const MaskReg& mask) {
  detail::store_blocks<detail::TypeOf<T, R>>("StoreAlign", detail::offset_in_ub(address), src, block_stride,
                                             mask);
}
template <class T, DataCopyMode mode, PostLiteral post, class R, class P, detail::OnlyRegister<R> = 0>
inline void ETALON_REG_STORE(P*& address, const R& src, std::uint32_t block_stride,
                             std::uint32_t repeat_stride, const MaskReg& mask) {
  detail::store_blocks<detail::TypeOf<T, R>>("StoreAlign", detail::offset_in_ub(address), src, block_stride,
                                             mask);
  if (post == PostLiteral::POST_MODE_UPDATE)
    detail::advance(address, std::int64_t{repeat_stride} * 32 / static_cast<std::int64_t>(sizeof(P)));
}

// Masks: 32 bytes of bits; every bit twice of 16 bytes (DIST_US), or every second of 64 (DIST_DS).
template <class T, MaskDist dist = MaskDist::DIST_NORM, class P>
inline void ETALON_REG_LOAD(MaskReg& dst, P* address) {
  constexpr std::uint32_t bits = dist == MaskDist::DIST_US ? 128 : dist == MaskDist::DIST_DS ? 512 : 256;
  detail::work(kAscRegLoad);
  const unsigned char* ub = detail::ub_to_read("LoadAlign", detail::offset_in_ub(address), bits / 8,
                                               dist == MaskDist::DIST_US ? 16 : 32);
  MaskReg m;
  for (std::uint32_t i = 0; i < 256 && ub != nullptr; ++i) {
    const std::uint32_t from = i * bits / 256;
    m.set(i, (ub[from / 8] >> (from % 8) & 1) != 0);
  }
  if (detail::watched()) {
    const etalon_asc_reg_run run = {detail::offset_in_ub(address), bits / 8};
    const etalon_asc_reg_access access = {"LoadAlign", &run, 1, kAscRegRead, 1, nullptr};
    etalon_asc_reg_memory(&access);
  }
  dst = m;
}
template <class T, MaskDist dist = MaskDist::DIST_NORM, class P>
inline void ETALON_REG_STORE(P* address, const MaskReg& src) {
  constexpr std::uint32_t bits = dist == MaskDist::DIST_PACK ? 128 : 256;
  detail::work(kAscRegStore);
  RegTensor<std::uint8_t> bytes;
  for (std::uint32_t i = 0; i < bits; ++i) {
    if (src.at(i * 256 / bits))
      bytes.bytes[i / 8] = static_cast<unsigned char>(bytes.bytes[i / 8] | 1u << (i % 8));
  }
  detail::Pieces pieces;
  pieces.add(detail::offset_in_ub(address), bytes, 0, bits / 8);
  pieces.store("StoreAlign", detail::offset_in_ub(address), dist == MaskDist::DIST_PACK ? 16 : 32);
}

}  // namespace Reg
}  // namespace AscendC
