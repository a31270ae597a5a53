// SPDX-License-Identifier: Apache-2.0
#pragma once

// Renders Documents. Findings are always part of what is shown. Nothing here writes to a stream; the program
// does.

#include <string>
#include <variant>
#include <vector>

#include "base/document.h"
#include "base/flow.h"
#include "base/result.h"

namespace etalon::report {

struct TextOptions {
  int width = 100;           // columns; wide text cells are wrapped to fit
  bool is_coloured = false;  // bold headings, coloured findings (a terminal only)
};
std::string as_text(const Document&, const TextOptions& = {});

// Every digit, keys sorted: the same document gives the same bytes. An absent cell and a number that is not
// finite are null; an interval is {"low", "value", "high"}.
std::string as_json(const Document&);

std::string as_markdown(const Document&);

// A page that needs nothing else: the pictures (SVG, see svg.h), then the document.
std::string as_html(const Document&, const std::vector<std::string>& pictures = {});

// The trace event format of Chrome and Perfetto: one thread per lane, times in microseconds, flows as arrows.
std::string as_chrome_trace(const Timeline&, const std::vector<Flow>& flows = {});

// Error: file.unwritable.
Result<std::monostate> write_file(const std::string& path, const std::string& bytes);

}  // namespace etalon::report
