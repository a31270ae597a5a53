// SPDX-License-Identifier: Apache-2.0
#pragma once

// Unaligned transfers. The hardware keeps what does not fill 32 bytes until more comes; here all goes to UB
// at once.

#include "transfer.h"

namespace AscendC {
namespace Reg {

template <class T = DefaultType, class P>
inline void LoadUnAlignPre(UnalignRegForLoad&, P*) {
  detail::work(kAscRegLoad);
}
template <class T = DefaultType, class R, class P, detail::OnlyRegister<R> = 0>
inline void LoadUnAlign(R& dst, UnalignRegForLoad&, P* address) {
  using E = detail::TypeOf<T, R>;
  constexpr std::uint32_t count = detail::lanes_in<E, R>;
  detail::work(kAscRegLoad);
  detail::load_spread("LoadUnAlign", dst, detail::offset_in_ub(address),
                      {count, sizeof(E), sizeof(E), sizeof(E), sizeof(E)}, detail::bytes_in<R>);
}
template <class T = DefaultType, PostLiteral mode = PostLiteral::POST_MODE_UPDATE, class R, class P,
          detail::OnlyRegister<R> = 0>
inline void LoadUnAlign(R& dst, UnalignRegForLoad& state, P*& address, std::uint32_t stride) {
  LoadUnAlign<T>(dst, state, address);
  if (mode == PostLiteral::POST_MODE_UPDATE) detail::advance(address, stride);
}
template <class T = DefaultType, class P>
inline void DataCopyUnAlignPre(UnalignRegForLoad& state, P* address) {
  LoadUnAlignPre<T>(state, address);
}
template <class T = DefaultType, class R, class P, detail::OnlyRegister<R> = 0>
inline void DataCopyUnAlign(R& dst, UnalignRegForLoad& state, P* address) {
  LoadUnAlign<T>(dst, state, address);
}
template <class T = DefaultType, PostLiteral mode = PostLiteral::POST_MODE_UPDATE, class R, class P,
          detail::OnlyRegister<R> = 0>
inline void DataCopyUnAlign(R& dst, UnalignRegForLoad& state, P*& address, std::uint32_t stride) {
  LoadUnAlign<T, mode>(dst, state, address, stride);
}
// The first `count` elements; without a number, those that Squeeze kept.
template <class T = DefaultType, PostLiteral mode = PostLiteral::POST_MODE_UPDATE, class R, class P,
          detail::OnlyRegister<R> = 0>
inline void StoreUnAlign(P*& address, const R& src, UnalignRegForStore&, std::uint32_t count) {
  using E = detail::TypeOf<T, R>;
  detail::work(kAscRegStore);
  detail::use_some(src, sizeof(E), "StoreUnAlign", [&](std::uint32_t i) { return i < count; });
  detail::Pieces pieces;
  if (count > 0)
    pieces.add(detail::offset_in_ub(address), src, 0,
               count * sizeof(E) < detail::bytes_in<R> ? count * static_cast<std::uint32_t>(sizeof(E))
                                                       : detail::bytes_in<R>);
  pieces.store("StoreUnAlign", detail::offset_in_ub(address), sizeof(E));
  if (mode == PostLiteral::POST_MODE_UPDATE)
    detail::advance(address, static_cast<std::int64_t>(count * sizeof(E) / sizeof(P)));
}
template <class T = DefaultType, PostLiteral mode = PostLiteral::POST_MODE_UPDATE, class R, class P,
          detail::OnlyRegister<R> = 0>
inline void StoreUnAlign(P*& address, const R& src, UnalignRegForStore& state) {
  using E = detail::TypeOf<T, R>;
  StoreUnAlign<T, mode>(address, src, state,
                        static_cast<std::uint32_t>(etalon_asc_current->kept / sizeof(E)));
}
template <class T = DefaultType, PostLiteral mode = PostLiteral::POST_MODE_UPDATE, class P>
inline void StoreUnAlignPost(P*&, UnalignRegForStore&, std::int32_t = 0) {
  detail::work(kAscRegStore);
}
template <class T = DefaultType, PostLiteral mode = PostLiteral::POST_MODE_UPDATE, class R, class P,
          detail::OnlyRegister<R> = 0>
inline void DataCopyUnAlign(P*& address, const R& src, UnalignRegForStore& state, std::uint32_t count) {
  StoreUnAlign<T, mode>(address, src, state, count);
}
template <class T = DefaultType, PostLiteral mode = PostLiteral::POST_MODE_UPDATE, class P>
inline void DataCopyUnAlignPost(P*& address, UnalignRegForStore& state, std::int32_t stride = 0) {
  StoreUnAlignPost<T, mode>(address, state, stride);
}
template <class T = DefaultType, class R, class P, detail::OnlyRegister<R> = 0>
inline void Load(R& dst, P* address) {
  UnalignRegForLoad state;
  LoadUnAlign<T>(dst, state, address);
}

}  // namespace Reg
}  // namespace AscendC
