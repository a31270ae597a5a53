// SPDX-License-Identifier: Apache-2.0
// etalon cc [options] FILE...: the compiler for the virtual Ascend chip.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "apps/cli/commands.h"
#include "ascendc/compiler/compile.h"

namespace etalon::cli {
namespace {

using namespace etalon::ascendc::compiler;

constexpr const char* kFooter =
    "Options are those of a C++ compiler (-c -o -I -D -U -include -std= -O -g -f -W -l -L -Wl, -shared -fPIC "
    "-MD -MF),\n"
    "and:\n"
    "  --npu-arch=ARCH       dav-2201 (910B, 910C; the default) or dav-3510 (950)\n"
    "  --chip NAME           the same by the name of a chip\n"
    "  --launch-headers DIR  writes aclrtlaunch_KERNEL.h for each kernel there\n"
    "  --op-host DIR         the operator's host side of a kernel: tiling struct, types; default ../op_host "
    "of "
    "op_kernel\n"
    "  --op-types N          which of the combinations of types it declares, from 0\n"
    "  --coverage            which Ascend C names the sources use, and which of them are missing here\n"
    "  --keep, -v            keeps intermediate files; shows each step\n"
    "Options of the vendor's compiler that have no meaning here (--cce-..., -mllvm VALUE, -x asc) are taken "
    "and dropped.\n"
    "Exit code 1: the source has errors.";

int compile(const Context& context) {
  const auto word = std::find(context.arguments.begin(), context.arguments.end(), "cc");
  const std::vector<std::string> words(word == context.arguments.end() ? word : word + 1,
                                       context.arguments.end());
  const auto options = read_options(words);
  if (!options) return context.fail(options.error());
  const auto code = run_compiler(*options, Installation::here());
  return code ? *code : context.fail(code.error());
}

}  // namespace

void add_cc(CLI::App& app, Context& context) {
  auto* command =
      app.add_subcommand("cc", "compiles Ascend C sources into a program that runs on the virtual chip");
  command->prefix_command();  // everything after `cc` is the compiler's
  command->footer(kFooter);
  command->callback([&context] { context.run = [&context] { return compile(context); }; });
}

}  // namespace etalon::cli
