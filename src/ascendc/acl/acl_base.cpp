// SPDX-License-Identifier: Apache-2.0
// Number formats, error text and the log of the host interface.
#include <cstdarg>
#include <cstdio>
#include <cstring>

#include "ascendc/acl/runtime.h"

using namespace etalon::ascendc;

extern "C" {

aclFloat16 aclFloatToFloat16(float value) {
  const auto half = static_cast<_Float16>(value);
  aclFloat16 bits = 0;
  std::memcpy(&bits, &half, sizeof bits);
  return bits;
}

float aclFloat16ToFloat(aclFloat16 value) {
  _Float16 half = 0;
  std::memcpy(&half, &value, sizeof half);
  return static_cast<float>(half);
}

size_t aclDataTypeSize(aclDataType type) {
  switch (type) {
    case ACL_INT8:
    case ACL_UINT8:
    case ACL_BOOL:
    case ACL_HIFLOAT8:
    case ACL_FLOAT8_E5M2:
    case ACL_FLOAT8_E4M3FN:
    case ACL_FLOAT8_E8M0:
      return 1;
    case ACL_FLOAT16:
    case ACL_BF16:
    case ACL_INT16:
    case ACL_UINT16:
      return 2;
    case ACL_FLOAT:
    case ACL_INT32:
    case ACL_UINT32:
    case ACL_COMPLEX32:
      return 4;
    case ACL_INT64:
    case ACL_UINT64:
    case ACL_DOUBLE:
    case ACL_COMPLEX64:
      return 8;
    case ACL_COMPLEX128:
      return 16;
    default:
      return 0;
  }
}

const char* aclGetRecentErrMsg(void) {
  ThreadState& t = thread_state();
  if (t.error.empty()) return nullptr;
  t.shown.swap(t.error);
  t.error.clear();
  return t.shown.c_str();
}

void aclAppLog(aclLogLevel level, const char* function, const char* file, uint32_t line, const char* format,
               ...) {
  static const char* const names[] = {"debug", "info", "warning", "error"};
  if (level < ACL_WARNING || level > ACL_ERROR || format == nullptr) return;
  std::fprintf(stderr, "%s: %s:%u %s: ", names[level], file != nullptr ? file : "?", line,
               function != nullptr ? function : "?");
  va_list arguments;
  va_start(arguments, format);
  std::vfprintf(stderr, format, arguments);
  va_end(arguments);
  std::fputc('\n', stderr);
}

}  // extern "C"
