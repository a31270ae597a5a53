// SPDX-License-Identifier: Apache-2.0
#include "ascendc/hazards/sites.h"

#include <link.h>

#include <algorithm>

namespace etalon::ascendc::hazards {

Sites::Sites() : sites_(1) {}

void Sites::look_for_code() {
  code_.clear();
  dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* self) {
        for (int i = 0; i < info->dlpi_phnum; ++i) {
          const auto& p = info->dlpi_phdr[i];
          if (p.p_type != PT_LOAD || (p.p_flags & PF_X) == 0) continue;
          const auto begin = static_cast<std::uintptr_t>(info->dlpi_addr + p.p_vaddr);
          static_cast<Sites*>(self)->code_.emplace_back(begin, begin + p.p_memsz);
        }
        return 0;
      },
      this);
  std::sort(code_.begin(), code_.end());
}

bool Sites::is_code(const void* address) const {
  const auto a = reinterpret_cast<std::uintptr_t>(address);
  auto at = std::upper_bound(code_.begin(), code_.end(), std::pair{a, ~std::uintptr_t{0}});
  return at != code_.begin() && a < (--at)->second;
}

SiteId Sites::of(const CallPlace& place) {
  if (place.address == nullptr) return 0;
  Site site;
  site.frames[site.count++] = place.address;
  std::uint64_t hash = reinterpret_cast<std::uintptr_t>(place.address) * 0x9e3779b97f4a7c15ull;
  // Each frame holds its caller's frame and, beside it, the return address. Device code without frame
  // pointers leaves other things there, so each step is checked: upwards on this stack, and into code.
  const auto end = reinterpret_cast<std::uintptr_t>(place.stack_end);
  auto below = reinterpret_cast<std::uintptr_t>(&site);  // on this stack, and lower than all of the kernel's
  auto frame = reinterpret_cast<std::uintptr_t>(place.frame);
  while (site.count < kFrames) {
    if (frame <= below || frame >= end || end - frame < 2 * sizeof(void*) || frame % sizeof(void*) != 0)
      break;
    const void* address = reinterpret_cast<void* const*>(frame)[1];
    if (!is_code(address)) break;
    below = frame;
    site.frames[site.count++] = address;
    hash = (hash ^ reinterpret_cast<std::uintptr_t>(address)) * 0x9e3779b97f4a7c15ull;
    hash ^= hash >> 29;
    frame = *reinterpret_cast<const std::uintptr_t*>(frame);
  }
  const auto [at, fresh] = ids_.try_emplace(hash, static_cast<SiteId>(sites_.size()));
  if (fresh) sites_.push_back(site);
  return at->second;
}

}  // namespace etalon::ascendc::hazards
