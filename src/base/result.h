// SPDX-License-Identifier: Apache-2.0
#pragma once

// Errors are values at the edges of the program. `Error` says what is wrong, where, and how to mend it;
// `code` is a stable name listed in docs/reference/errors.md and provoked by a test.
//   Result<Chip> load(...);   TRY(chip, load(path));   // returns the error to the caller, else binds `chip`

#include <expected>
#include <string>
#include <utility>
#include <vector>

namespace etalon {

struct Error {
  std::string code;     // "fact.no-unit", "plan.degrees", ...
  std::string message;  // lower case, no full stop, says got and expected
  std::string fix;      // what to do; empty if obvious
  std::string file;     // empty if not about a file
  int line = 0, column = 0;
  std::vector<Error> also;  // further problems found in the same input; a loader reports all at once

  // "file:line:column: message (fix)" for this error and each of `also`, one per line.
  std::string text() const;
};

template <class T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(Error e) { return std::unexpected<Error>(std::move(e)); }
inline std::unexpected<Error> fail(std::string code, std::string message, std::string fix = {}) {
  return std::unexpected<Error>(Error{std::move(code), std::move(message), std::move(fix), {}, 0, 0, {}});
}

#define ETALON_JOIN_(a, b) a##b
#define ETALON_JOIN(a, b) ETALON_JOIN_(a, b)
#define TRY(name, expr)                                                                   \
  auto ETALON_JOIN(try_, __LINE__) = (expr);                                              \
  if (!ETALON_JOIN(try_, __LINE__)) return std::unexpected(std::move(ETALON_JOIN(try_, __LINE__)).error()); \
  auto name = *std::move(ETALON_JOIN(try_, __LINE__))
#define TRY_VOID(expr)                                                                    \
  if (auto try_result_ = (expr); !try_result_) return std::unexpected(std::move(try_result_).error())

}  // namespace etalon
