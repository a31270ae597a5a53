// SPDX-License-Identifier: Apache-2.0
#pragma once

// Three passes over one source say the same thing three times; here it is said once, with types as programs name them
// and without the code of the device headers.

#include <set>
#include <string>
#include <string_view>

namespace etalon::ascendc::compiler {

class Messages {
 public:
  // `text`: standard error of one pass.
  void add(std::string_view text);
  const std::string& text() const { return text_; }

 private:
  std::set<std::string> seen_;
  std::string text_;
};

}  // namespace etalon::ascendc::compiler
