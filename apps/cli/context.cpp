// SPDX-License-Identifier: Apache-2.0
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "apps/cli/commands.h"
#include "base/interrupt.h"
#include "report/report.h"

namespace etalon::cli {
namespace {

report::TextOptions terminal() {
  report::TextOptions out;
  if (isatty(STDOUT_FILENO) == 0) return out;
  out.is_coloured = std::getenv("NO_COLOR") == nullptr;
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    out.width = std::clamp<int>(size.ws_col, 60, 240);
  return out;
}

}  // namespace

int Context::show(const Document& document, const std::string& json) const {
  const std::string text = report::as_text(document, terminal());
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
  if (!json_file.empty()) {
    if (auto done = report::write_file(json_file, json.empty() ? report::as_json(document) : json); !done) {
      return fail(done.error());
    }
  }
  if (is_interrupted()) return kInterrupted;
  const bool failed = std::any_of(document.findings.begin(), document.findings.end(),
                                  [](const Finding& f) { return f.severity == Severity::failure; });
  return failed ? kSimulatedFailure : kDone;
}

int Context::fail(const Error& error) const {
  std::fprintf(stderr, "etalon: %s\n", error.text().c_str());
  return kWrongInput;
}

}  // namespace etalon::cli
