// SPDX-License-Identifier: Apache-2.0
// etalon profile [--chip C] [--timeline FILE] [--html FILE] PROGRAM ARGUMENTS...: where the time of its
// kernels goes.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

#include "apps/cli/commands.h"
#include "apps/cli/run_program.h"
#include "ascendc/acl/profile_report.h"
#include "report/report.h"
#include "report/svg.h"

namespace etalon::cli {
namespace {

// An empty file that goes when this does.
class ScratchFile {
 public:
  ScratchFile() {
    path_ = (std::filesystem::temp_directory_path() / "etalon-profile-XXXXXX").string();
    const int descriptor = mkstemp(path_.data());
    is_made_ = descriptor >= 0;
    if (is_made_) close(descriptor);
  }
  ~ScratchFile() {
    if (is_made_) unlink(path_.c_str());
  }
  ScratchFile(const ScratchFile&) = delete;
  bool is_made() const { return is_made_; }
  const std::string& path() const { return path_; }
  std::string text() const {
    std::stringstream all;
    all << std::ifstream(path_).rdbuf();
    return all.str();
  }

 private:
  std::string path_;
  bool is_made_ = false;
};

struct ProfileOptions : ProgramOptions {
  std::string timeline, html;
  bool is_time_only = false;
};

// What the cores do in one launch.
std::string timeline_picture(const ascendc::ProfileRecord& launch) {
  return report::as_svg(Timeline{fmt::format("{} on {}", launch.kernel, launch.chip), launch.spans},
                        launch.flows);
}

// The report with its pictures; the timeline is that of the first launch.
Result<std::monostate> write_page(const std::string& file, const catalog::Chip& chip,
                                  const std::string& program,
                                  const std::vector<ascendc::ProfileRecord>& launches,
                                  const Document& document) {
  std::vector<std::string> pictures;
  if (!launches.empty()) {
    pictures = {report::as_svg(ascendc::roofline_of(chip, launches)),
                report::as_svg(ascendc::occupancy_of(launches)), timeline_picture(launches.front())};
  }
  return report::write_file(file, report::as_html(document, pictures));
}

Result<Document> profile(const ProfileOptions& options, const std::vector<std::string>& line) {
  TRY(chip, chip_of(options));
  const ScratchFile file;
  if (!file.is_made()) return etalon::fail("file.unwritable", fmt::format("{} cannot be made", file.path()));
  set_environment(options);
  setenv("ETALON_PROFILE", file.path().c_str(), 1);
  if (!options.timeline.empty() || !options.html.empty()) setenv("ETALON_TIMELINE", "1", 1);
  if (options.is_time_only) setenv("ETALON_TIME_ONLY", "1", 1);
  TRY(code, run_program(line));
  TRY(launches, ascendc::parse_profile(file.text()));
  const std::string program = std::filesystem::path(line.front()).filename().string();
  Document document = ascendc::profile_report(chip, program, launches);
  if (code != 0) {
    document.findings.push_back({Severity::failure, "profile.program",
                                 fmt::format("the program ends with exit code {}", code), program});
  }
  if (options.timeline.ends_with(".svg")) {
    const std::string picture = launches.empty() ? "" : report::alone(timeline_picture(launches.front()));
    TRY_VOID(report::write_file(options.timeline, picture));
  } else if (!options.timeline.empty()) {
    const Timeline timeline = ascendc::profile_timeline(program, launches);
    TRY_VOID(report::write_file(options.timeline,
                                report::as_chrome_trace(timeline, ascendc::profile_flows(launches))));
  }
  if (!options.html.empty()) TRY_VOID(write_page(options.html, chip, program, launches, document));
  return document;
}

}  // namespace

void add_profile(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("profile", "where the time of a program's kernels goes");
  auto options = std::make_shared<ProfileOptions>();
  add_program_options(*command, *options);
  command
      ->add_option("--timeline", options->timeline,
                   "write a Chrome trace of the kernels to FILE, or with .svg a picture of the first")
      ->type_name("FILE");
  command->add_option("--html", options->html, "write a page with roofline, pipes and timeline to FILE")
      ->type_name("FILE");
  command->add_flag("--time-only", options->is_time_only,
                    "leave the numbers out: large kernels are quick, but their results are not there");
  command->add_option("--json", context.json_file, "also write the result to FILE, with all digits")
      ->type_name("FILE");
  command->callback([=, &context] {
    context.run = [=, &context] {
      const auto line = program_line(*command);
      if (!line) return context.fail(line.error());
      const auto document = profile(*options, *line);
      return document ? context.show(*document) : context.fail(document.error());
    };
  });
}

}  // namespace etalon::cli
