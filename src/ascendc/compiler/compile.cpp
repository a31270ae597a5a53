// SPDX-License-Identifier: Apache-2.0
#include "ascendc/compiler/compile.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <thread>

#include "ascendc/compiler/commands.h"
#include "ascendc/compiler/coverage.h"
#include "ascendc/compiler/messages.h"
#include "ascendc/compiler/object_file.h"
#include "ascendc/compiler/op_host.h"
#include "ascendc/compiler/process.h"
#include "ascendc/compiler/rewrite.h"
#include "ascendc/compiler/trampoline.h"
#include "catalog/catalog.h"

namespace etalon::ascendc::compiler {
namespace {

namespace fs = std::filesystem;

constexpr std::array<Pass, 3> kPasses = {Pass::host, Pass::cube, Pass::vector};
constexpr std::array<const char*, 3> kPassNames = {"host", "cube", "vector"};

class Compiler {
 public:
  Compiler(const Options& options, const Installation& installation) : o_(options), at_(installation) {
    if (o_.keep) {
      scratch_.keep();
      std::fprintf(stderr, "etalon cc: intermediate files are in %s\n", scratch_.path().c_str());
    }
  }

  Result<int> run() {
    if (scratch_.path().empty())
      return fail("file.unwritable", "no folder for temporary files", "set TMPDIR");
    if (o_.coverage) return report_coverage();
    TRY_VOID(write_launch_headers());
    Words objects;
    for (const std::string& source : o_.sources) {
      TRY(object, compile_source(source));
      if (failed_) return 1;
      objects.push_back(object);
    }
    if (o_.compile_only || o_.preprocess_only) return 0;
    return link(objects);
  }

 private:
  fs::path scratch(const std::string& name) const { return scratch_.path() / name; }

  Result<Outcome> run(const Words& words, const std::string& log) const {
    if (o_.verbose) {
      std::string line;
      for (const std::string& w : words) line += w + " ";
      std::fprintf(stderr, "%s\n", line.c_str());
    }
    return run_program(words, scratch(log));
  }

  // A tool that must succeed; its messages are a fault of ours or of what it was given.
  Result<bool> must(const Words& words, const std::string& log) const {
    TRY(done, run(words, log));
    if (done.code == 0) return true;
    return fail("cc.tool", fmt::format("{} failed: {}", words[0], done.errors.substr(0, 2000)), {});
  }

  Words preprocess_words(const std::string& source, Pass pass, const fs::path& output) const {
    Words w = {at_.clang, "-E", "-x", "c++", "-std=" + o_.standard, "-Wno-unknown-attributes"};
    append(w, pass_macros(o_.npu_arch, pass));
    append(w, {"-isystem", at_.api.string(), "-include", (at_.api / "etalon_cc/prelude.h").string()});
    append(w, o_.preprocess);
    if (!definitions_.empty()) append(w, {"-include", definitions_});
    append(w, {"-isystem", at_.runtime_headers.string(), "-isystem",
               (at_.runtime_headers / "tiling").string(), "-isystem", (scratch_.path() / "launch").string()});
    if (pass == Pass::host && !o_.dependencies.empty()) {
      append(w, o_.dependencies);
      const bool named =
          std::find(o_.dependencies.begin(), o_.dependencies.end(), "-MF") != o_.dependencies.end();
      if (!named) append(w, {"-MF", fs::path(object_name(source)).replace_extension(".d").string()});
      if (std::find(o_.dependencies.begin(), o_.dependencies.end(), "-MT") == o_.dependencies.end() &&
          std::find(o_.dependencies.begin(), o_.dependencies.end(), "-MQ") == o_.dependencies.end()) {
        append(w, {"-MT", object_name(source)});
      }
    }
    for (const std::string& c : o_.compile) {  // some of them define macros
      if (c.starts_with("-m") || c.starts_with("-f") || c.starts_with("-O") || c == "-pthread")
        w.push_back(c);
    }
    append(w, {"-Wno-unused-command-line-argument", source, "-o", output.string()});
    return w;
  }

  std::string object_name(const std::string& source) const {
    if (o_.compile_only && !o_.output.empty()) return o_.output;
    if (o_.compile_only) return fs::path(source).stem().string() + ".o";
    return scratch(fmt::format("{}.o", count_)).string();
  }

  // What an operator's host side says to its kernel, for the source that is next.
  Result<bool> read_op_host(const std::string& source) {
    const fs::path header = scratch("op_host.h");
    TRY(found, write_op_host_definitions(source, o_.op_host, o_.op_types, o_.npu_arch, header));
    definitions_ = found ? header.string() : std::string();
    return found;
  }

  struct PassResult {
    Rewritten rewritten;
    std::string messages;
    bool failed = false;
  };

  // One pass up to `rewritten`; on the disk NAME.ii.
  Result<PassResult> front(const std::string& source, Pass pass) const {
    const std::string name = fmt::format("{}.{}", count_, kPassNames[static_cast<std::size_t>(pass)]);
    PassResult out;
    TRY(done, run(preprocess_words(source, pass, scratch(name + ".i")), name + ".log"));
    out.messages = done.errors;
    out.failed = done.code != 0;
    if (out.failed) return out;
    TRY(text, read_file(scratch(name + ".i")));
    TRY(rewritten, rewrite(text, pass));
    TRY_VOID(write_file(scratch(name + ".ii"), rewritten.text));
    out.rewritten = std::move(rewritten);
    return out;
  }

  Result<PassResult> whole_pass(const std::string& source, Pass pass) const {
    TRY(out, front(source, pass));
    if (out.failed) return out;
    TRY_VOID(back(pass, out));
    return out;
  }
  Result<bool> back(Pass pass, PassResult& out) const {
    const std::string name = fmt::format("{}.{}", count_, kPassNames[static_cast<std::size_t>(pass)]);
    TRY(done,
        run(compile_words(o_, at_.clang, pass, scratch(name + ".ii"), scratch(name + ".o")), name + ".log"));
    out.messages += done.errors;
    out.failed = done.code != 0;
    return true;
  }

  // `#if __CCE_AICORE__ >= 220` hides kernels from the host pass; they are launched by name all the same.
  Result<bool> add_device_only_launches(PassResult& host, const PassResult& device) const {
    const std::string text = device_only_launches(host.rewritten, device.rewritten);
    if (text.empty()) return false;
    host.rewritten.text += text;
    return write_file(scratch(fmt::format("{}.host.ii", count_)), host.rewritten.text);
  }

  Result<std::string> compile_source(const std::string& source) {
    ++count_;
    const std::string object = object_name(source);
    TRY_VOID(read_op_host(source));
    if (o_.preprocess_only) {
      TRY(host, front(source, Pass::host));
      return print_preprocessed(host);
    }
    // Both at once; whether there are kernels at all, only a device pass knows for sure.
    std::array<Result<PassResult>, 3> passes = {PassResult{}, PassResult{}, PassResult{}};
    {
      std::thread other([&] { passes[2] = front(source, Pass::vector); });
      passes[0] = front(source, Pass::host);
      other.join();
    }
    if (!passes[0]) return std::unexpected(passes[0].error());
    const auto defined = [](const Result<PassResult>& p) {
      return p && std::any_of(p->rewritten.kernels.begin(), p->rewritten.kernels.end(),
                              [](const RewrittenKernel& k) { return k.definition; });
    };
    const bool device = defined(passes[0]) || defined(passes[2]);
    if (!device) passes[2] = PassResult{};  // host code, which need not be readable as device code
    if (!passes[2]) return std::unexpected(passes[2].error());
    if (!passes[0]->failed) {
      TRY_VOID(add_device_only_launches(*passes[0], *passes[2]));
      std::vector<std::thread> threads;
      if (device) {
        threads.emplace_back([&] { passes[1] = whole_pass(source, Pass::cube); });
        threads.emplace_back([&] {
          if (passes[2]->failed) return;
          if (const auto done = back(Pass::vector, *passes[2]); !done)
            passes[2] = std::unexpected(done.error());
        });
      }
      const auto done = back(Pass::host, *passes[0]);
      for (std::thread& t : threads) t.join();
      if (!done) return std::unexpected(done.error());
    }
    Messages messages;
    for (const std::size_t p :
         {std::size_t{2}, std::size_t{1}, std::size_t{0}}) {  // the user thinks of the device
      if (!passes[p]) return std::unexpected(passes[p].error());
      messages.add(passes[p]->messages);
      failed_ |= passes[p]->failed;
    }
    std::fputs(messages.text().c_str(), stderr);
    if (failed_) {
      const auto interface = Interface::read(at_.names, {at_.api, at_.runtime_headers});
      if (interface) std::fputs(interface->explain(messages.text()).c_str(), stderr);
      if (definitions_.empty() && wants_op_host(messages.text())) {
        std::fputs(
            "etalon cc: the types and the tiling struct of such a kernel are declared on its operator's host "
            "side: --op-host FOLDER, or -DDTYPE_X=half and REGISTER_TILING_DEFAULT\n",
            stderr);
      }
      return object;
    }
    const std::string stem = scratch(std::to_string(count_)).string();
    if (!device) {
      TRY_VOID(must({"ld", "-r", stem + ".host.o", "-o", object}, "ld.log"));
      return object;
    }
    TRY(cube, device_kernels(stem + ".cube.o"));
    TRY(vector, device_kernels(stem + ".vector.o"));
    TRY_VOID(isolate(stem + ".cube.o", cube, kCubePrefix));
    TRY_VOID(isolate(stem + ".vector.o", vector, kVectorPrefix));
    const std::vector<LinkedKernel> kernels = join_kernels(cube, vector);
    if (o_.verbose) report(kernels);
    TRY_VOID(write_file(stem + ".trampolines.s", trampolines(kernels, o_.architecture())));
    TRY_VOID(must({at_.clang, "-c", stem + ".trampolines.s", "-o", stem + ".trampolines.o"}, "as.log"));
    Words merge = {"ld", "-r", stem + ".host.o", stem + ".trampolines.o"};
    if (!cube.empty()) merge.push_back(stem + ".cube.o.image");
    if (!vector.empty()) merge.push_back(stem + ".vector.o.image");
    append(merge, {"-o", object});
    TRY_VOID(must(merge, "ld.log"));
    // From here on only this file's trampolines name this file's device code.
    Words localize = {"objcopy", "--wildcard", std::string("--localize-symbol=") + kCubePrefix + "*",
                      std::string("--localize-symbol=") + kVectorPrefix + "*"};
    for (const LinkedKernel& k : kernels) {
      if (k.local) localize.push_back("--localize-symbol=" + k.symbol);
    }
    localize.push_back(object);
    TRY_VOID(must(localize, "objcopy.log"));
    return object;
  }

  // Device code alone: what kernels reach, under names that nothing else has.
  Result<bool> isolate(const std::string& object, const std::vector<DeviceKernel>& kernels,
                       const char* prefix) const {
    if (kernels.empty()) return true;
    std::string renames, kept;
    Words link = {"ld", "-r", "--gc-sections", "--force-group-allocation"};
    Words globalize = {"objcopy", "--remove-section=.init_array*", "--remove-section=.ctors*"};
    for (const DeviceKernel& k : kernels) {
      append(link, {"-u", k.symbol});
      if (k.local) globalize.push_back("--globalize-symbol=" + k.symbol);
      renames += k.symbol + " " + prefix + k.symbol + "\n";
      kept += prefix + k.symbol + "\n";
    }
    globalize.push_back(object);
    TRY_VOID(must(globalize, "objcopy.log"));
    append(link, {object, "-o", object + ".linked"});
    TRY_VOID(must(link, "ld.log"));
    TRY_VOID(write_file(object + ".renames", renames));
    TRY_VOID(write_file(object + ".kept", kept));
    TRY_VOID(
        must({"objcopy", "--redefine-syms=" + object + ".renames", object + ".linked", object + ".renamed"},
             "objcopy.log"));
    return must(
        {"objcopy", "--keep-global-symbols=" + object + ".kept", object + ".renamed", object + ".image"},
        "objcopy.log");
  }

  // Exit code 1 if a name is missing.
  Result<int> report_coverage() const {
    TRY(interface, Interface::read(at_.names, {at_.api, at_.runtime_headers}));
    std::size_t used = 0, missing = 0;
    for (const std::string& source : o_.sources) {
      TRY(text, read_file(source));
      for (const NameUse& use : interface.used_in(text)) {
        ++used;
        missing += use.here ? 0 : 1;
        std::printf("%-8s %-28s %-20s %s:%d\n", use.here ? "here" : "missing", use.name.c_str(),
                    use.family.c_str(), source.c_str(), use.line);
      }
    }
    std::printf("%zu names of Ascend C used, %zu of them missing here\n", used, missing);
    return missing == 0 ? 0 : 1;
  }

  void report(const std::vector<LinkedKernel>& kernels) const {
    constexpr std::array<const char*, 7> names = {"?",       "aic",     "aiv",    "mix 1:1",
                                                  "mix 1:2", "mix 1:0", "mix 0:1"};
    for (const LinkedKernel& k : kernels) {
      std::fprintf(stderr, "etalon cc: kernel %s: %s\n", k.shown.c_str(),
                   names[static_cast<std::size_t>(k.type)]);
    }
  }

  Result<std::string> print_preprocessed(const PassResult& host) {
    std::fputs(host.messages.c_str(), stderr);
    failed_ |= host.failed;
    if (o_.output.empty())
      std::fputs(host.rewritten.text.c_str(), stdout);
    else
      TRY_VOID(write_file(o_.output, host.rewritten.text));
    return std::string();
  }

  // aclrtlaunch_NAME.h for the plain kernels of all sources: into the folder asked for, else where only this
  // run looks.
  Result<bool> write_launch_headers() {
    const fs::path folder =
        o_.launch_headers.empty() ? scratch_.path() / "launch" : fs::path(o_.launch_headers);
    std::error_code problem;
    fs::create_directories(scratch_.path() / "launch", problem);
    fs::create_directories(folder, problem);
    if (problem)
      return fail("file.unwritable", fmt::format("cannot make the folder {}", folder.string()), {});
    if (o_.launch_headers.empty() && o_.sources.size() < 2) return true;
    for (const std::string& source : o_.sources) {
      TRY(text, read_file(source));
      if (text.find("__global__") == std::string::npos) continue;
      TRY_VOID(read_op_host(source));
      std::set<std::string> written;
      for (const Pass pass : {Pass::host, Pass::vector}) {  // some kernels only a device pass sees
        const fs::path out = scratch("launch.i");
        TRY(done, run(preprocess_words(source, pass, out), "launch.log"));
        if (done.code != 0) continue;  // its own compilation will say so
        TRY(preprocessed, read_file(out));
        const auto rewritten = rewrite(preprocessed, pass);
        if (!rewritten) continue;
        for (const RewrittenKernel& k : rewritten->kernels) {
          if (!launched_by_name(k) || !written.insert(k.name).second) continue;
          TRY_VOID(write_file(folder / fmt::format("aclrtlaunch_{}.h", k.name), launch_header(k)));
        }
      }
    }
    return true;
  }

  Result<int> link(const Words& objects) const {
    const fs::path runtime = at_.libraries / "libetalon_ascend.so",
                   start = at_.libraries / "libetalon_ascend_start.a";
    for (const fs::path& needed : {runtime, start}) {
      if (!fs::exists(needed))
        return fail("cc.no-runtime", fmt::format("{} is missing", needed.string()),
                    "build the targets etalon_ascend and etalon_ascend_start");
    }
    Words w = {at_.clang};
    append(w, objects);
    append(w, o_.link_inputs);
    append(w, {start.string(), runtime.string(), "-Wl,-rpath," + at_.libraries.string(), "-lm", "-lpthread",
               "-ldl"});
    for (const std::string& c : o_.compile) {
      if (c.starts_with("-fsanitize") || c.starts_with("-g")) w.push_back(c);
    }
    append(w, {"-Wno-unused-command-line-argument", "-o", o_.output.empty() ? "a.out" : o_.output});
    TRY(done, run(w, "link.log"));
    std::fputs(done.errors.c_str(), stderr);
    return done.code == 0 ? 0 : 1;
  }

  const Options& o_;
  const Installation& at_;
  ScratchFolder scratch_;
  std::string definitions_;
  int count_ = 0;
  bool failed_ = false;
};

}  // namespace

Installation Installation::here() {
  Installation out;
  std::error_code ignored;
  const fs::path program = fs::read_symlink("/proc/self/exe", ignored);
  out.libraries = program.parent_path();
  out.api = ETALON_ASCENDC_API;
  out.runtime_headers = ETALON_ASCENDC_RUNTIME_HEADERS;
  out.names = catalog::data_directory() / "ascendc/names.csv";
  const char* clang = std::getenv("ETALON_CLANG");
  if (clang != nullptr && *clang != '\0') out.clang = clang;
  return out;
}

Result<int> run_compiler(const Options& options, const Installation& installation) {
  return Compiler(options, installation).run();
}

}  // namespace etalon::ascendc::compiler
