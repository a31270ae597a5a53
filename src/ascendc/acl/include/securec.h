// SPDX-License-Identifier: Apache-2.0
#pragma once

// Copies that are told how much room there is, as host programs of the vendor's samples use them (after the C
// standard's annex K). 0: done; else nothing is copied but, where the standard says so, the destination is
// cleared.

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

typedef int errno_t;
#ifndef EOK
#define EOK 0
#endif

static inline errno_t memset_s(void* to, size_t room, int value, size_t count) {
  if (to == NULL) return EINVAL;
  if (count > room) {
    memset(to, value, room);
    return ERANGE;
  }
  memset(to, value, count);
  return EOK;
}
static inline errno_t memmove_s(void* to, size_t room, const void* from, size_t count) {
  if (to == NULL) return EINVAL;
  if (from == NULL || count > room) {
    memset(to, 0, room);
    return from == NULL ? EINVAL : ERANGE;
  }
  memmove(to, from, count);
  return EOK;
}
static inline errno_t memcpy_s(void* to, size_t room, const void* from, size_t count) {
  return memmove_s(to, room, from, count);
}
static inline errno_t strncpy_s(char* to, size_t room, const char* from, size_t count) {
  if (to == NULL || room == 0) return EINVAL;
  to[0] = '\0';
  if (from == NULL) return EINVAL;
  const size_t length = strnlen(from, count);
  if (length >= room) return ERANGE;
  memmove(to, from, length);
  to[length] = '\0';
  return EOK;
}
static inline errno_t strcpy_s(char* to, size_t room, const char* from) {
  return strncpy_s(to, room, from, (size_t)-1);
}
static inline errno_t strcat_s(char* to, size_t room, const char* from) {
  if (to == NULL) return EINVAL;
  const size_t length = strnlen(to, room);
  return length == room ? EINVAL : strcpy_s(to + length, room - length, from);
}
/* The number of characters written, or -1. */
static inline int vsnprintf_s(char* to, size_t room, size_t count, const char* format, va_list arguments) {
  if (to == NULL || room == 0) return -1;
  const int length = vsnprintf(to, room, format, arguments);
  if (length >= 0 && (size_t)length < room && (size_t)length <= count) return length;
  to[0] = '\0';
  return -1;
}
static inline int snprintf_s(char* to, size_t room, size_t count, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  const int length = vsnprintf_s(to, room, count, format, arguments);
  va_end(arguments);
  return length;
}
static inline int sprintf_s(char* to, size_t room, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  const int length = vsnprintf_s(to, room, room, format, arguments);
  va_end(arguments);
  return length;
}
