// SPDX-License-Identifier: Apache-2.0
#include "ascendc/compiler/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>

namespace etalon::ascendc::compiler {
namespace {

bool one_of(std::string_view s, std::initializer_list<std::string_view> all) {
  return std::find(all.begin(), all.end(), s) != all.end();
}
bool starts_with_any(std::string_view s, std::initializer_list<std::string_view> all) {
  return std::any_of(all.begin(), all.end(), [&](std::string_view a) { return s.starts_with(a); });
}

// Libraries of the vendor's toolkit whose interface our runtime library has.
bool stands_in_for(std::string_view library) {
  return one_of(library, {"ascendcl",
                          "runtime",
                          "runtime_camodel",
                          "pem_davinci",
                          "tiling_api",
                          "register",
                          "platform",
                          "ascendalog",
                          "c_sec",
                          "graph_base",
                          "mmpa",
                          "error_manager",
                          "profapi",
                          "ascend_dump",
                          "ascendc_runtime",
                          "tikicpulib_cceprint",
                          "tikicpulib_npuchk",
                          "tikicpulib_stubreg",
                          "unified_dlog",
                          "metadef",
                          "graph"});
}

Result<int> arch_of(std::string value) {
  std::transform(value.begin(), value.end(), value.begin(), [](unsigned char c) { return std::tolower(c); });
  if (value.starts_with("dav-")) value.erase(0, 4);
  if (starts_with_any(value, {"2201", "c220", "ascend910b", "ascend910_93", "ascend910c", "ascend-910b",
                              "ascend-910c", "ascend-910d"}))
    return 2201;
  if (starts_with_any(value, {"3510", "c310", "ascend950", "ascend910_95", "ascend-950"})) return 3510;
  return fail(
      "cc.arch",
      fmt::format("unknown core architecture '{}', expected dav-2201 (910B, 910C) or dav-3510 (950)", value),
      "--npu-arch=dav-2201, --npu-arch=dav-3510, or --chip NAME of `etalon chips`");
}

class Reader {
 public:
  explicit Reader(const std::vector<std::string>& words) : words_(words) {}

  Result<Options> run() {
    for (; at_ < words_.size(); ++at_) {
      TRY_VOID(word(words_[at_]));
    }
    Options& o = options_;
    if (o.sources.empty() && (o.link_inputs.empty() || o.compile_only))
      return fail("cc.no-input", "no source file was given", "etalon cc kernel.cpp -o kernel");
    if ((o.compile_only || o.preprocess_only) && o.sources.size() > 1 && !o.output.empty())
      return fail("cc.output", "one -o for several object files",
                  "leave -o out, or compile one source at a time");
    return std::move(options_);
  }

 private:
  // "-Ifoo" or "-I foo", "--chip=x" or "--chip x".
  Result<std::string> value(std::string_view option, const std::string& w) {
    if (w.size() > option.size()) return w.substr(option.size() + (w[option.size()] == '=' ? 1 : 0));
    if (++at_ >= words_.size()) return fail("cc.option", fmt::format("{} has no value", option), {});
    return words_[at_];
  }

  Result<bool> word(const std::string& w) {
    Options& o = options_;
    if (w.empty() || w[0] != '-' || w == "-") return input(w);
    if (w == "-c") return o.compile_only = true;
    if (w == "-E") return o.preprocess_only = true;
    if (w == "-v" || w == "--verbose") return o.verbose = true;
    if (w == "--keep" || w == "-save-temps") return o.keep = true;
    if (w == "--coverage") return o.coverage = true;
    if (w == "-shared") {
      o.shared = true;
      o.link_inputs.push_back(w);
      return true;
    }
    if (w == "-pthread" || w == "-rdynamic" || w == "-static-libstdc++" || w == "-static-libgcc" ||
        w == "-s" || w.starts_with("-Wl,") || w.starts_with("-fuse-ld=") || w == "-pie" || w == "-no-pie") {
      o.link_inputs.push_back(w);
      if (w == "-pthread") o.compile.push_back(w);
      return true;
    }
    if (w == "-Xlinker" || w == "-z" || w == "-T") {
      TRY(v, value(w, w));
      o.link_inputs.push_back(w);
      o.link_inputs.push_back(v);
      return true;
    }
    if (w.starts_with("-o") && !w.starts_with("-offload")) return take("-o", w, o.output);
    if (w.starts_with("-std=")) {
      o.standard = w.substr(5);
      return true;
    }
    if (w.starts_with("--op-host")) return take("--op-host", w, o.op_host);
    if (w.starts_with("--op-types")) {
      TRY(v, value("--op-types", w));
      if (v.empty() || v.size() > 3 || v.find_first_not_of("0123456789") != std::string::npos)
        return fail("cc.option", fmt::format("--op-types: got '{}', expected a number", v),
                    "0 is the first combination of types that the operator declares");
      o.op_types = std::stoi(v);
      return true;
    }
    if (w.starts_with("--launch-headers")) return take("--launch-headers", w, o.launch_headers);
    for (const std::string_view name :
         {"--npu-arch", "--chip", "--cce-soc-version", "--cce-aicore-arch", "--soc-version"}) {
      if (w == name || w.starts_with(fmt::format("{}=", name))) {
        TRY(v, value(name, w));
        TRY(arch, arch_of(v));
        o.npu_arch = arch;
        return true;
      }
    }
    if (w.starts_with("-l")) {
      TRY(v, value("-l", w));
      if (stands_in_for(v))
        o.ignored.push_back("-l" + v);
      else
        o.link_inputs.push_back("-l" + v);
      return true;
    }
    if (w.starts_with("-L")) {
      TRY(v, value("-L", w));
      o.link_inputs.push_back("-L" + v);
      return true;
    }
    for (const std::string_view name :
         {"-include", "-imacros", "-isystem", "-iquote", "-idirafter", "-isysroot"}) {
      if (!w.starts_with(name)) continue;
      TRY(v, value(name, w));
      o.preprocess.emplace_back(name);
      o.preprocess.push_back(v);
      return true;
    }
    for (const std::string_view name : {"-I", "-D", "-U"}) {
      if (!w.starts_with(name)) continue;
      TRY(v, value(name, w));
      o.preprocess.push_back(std::string(name) + v);
      return true;
    }
    if (one_of(w, {"-MD", "-MMD", "-MP"})) {
      o.dependencies.push_back(w);
      return true;
    }
    for (const std::string_view name : {"-MF", "-MT", "-MQ"}) {
      if (!w.starts_with(name)) continue;
      TRY(v, value(name, w));
      o.dependencies.emplace_back(name);
      o.dependencies.push_back(v);
      return true;
    }
    return other(w);
  }

  Result<bool> other(const std::string& w) {
    Options& o = options_;
    // Of the vendor's compiler: which of its passes runs, its scheduling and its reserved memory.
    if (w == "-mllvm" || w == "-Xclang" || w == "-x" || w == "--run-mode") {
      TRY(v, value(w, w));
      if (w == "-Xclang") {
        o.compile.push_back(w);
        o.compile.push_back(v);
      } else if (w == "-x" && !one_of(v, {"asc", "cce", "c++", "none"})) {
        return fail("cc.option", fmt::format("-x {}: not a language of this compiler", v),
                    "-x asc, -x cce or -x c++");
      } else {
        o.ignored.push_back(w + " " + v);
      }
      return true;
    }
    if (starts_with_any(w, {"--cce-", "-xcce", "-xasc", "--run-mode=", "-fcce", "--asc-"})) {
      o.ignored.push_back(w);
      return true;
    }
    if (starts_with_any(
            w, {"-O", "-g", "-f", "-W", "-w", "-m", "-pedantic", "-pipe", "-ansi", "-fdiagnostics"})) {
      if (w == "-ffast"
               "-math" ||
          w == "-Ofast") {
        o.ignored.push_back(w);  // the same input gives the same numbers
        o.compile.push_back("-O3");
        return true;
      }
      o.compile.push_back(w);
      return true;
    }
    return fail("cc.option", fmt::format("unknown option '{}'", w),
                "options of a C++ compiler, --npu-arch, --chip, --coverage, --launch-headers, --keep");
  }

  Result<bool> take(std::string_view option, const std::string& w, std::string& into) {
    TRY(v, value(option, w));
    into = v;
    return true;
  }

  Result<bool> input(const std::string& w) {
    const std::string kind = std::filesystem::path(w).extension().string();
    if (one_of(kind, {".cpp", ".cc", ".cxx", ".c++", ".C", ".asc", ".cce", ".aicpu", ".h", ".hpp"})) {
      if (!std::filesystem::exists(w))
        return fail("cc.no-input", fmt::format("there is no file {}", w), "check the path");
      options_.sources.push_back(w);
      return true;
    }
    if (one_of(kind, {".o", ".a", ".so", ".c"}) || w.find(".so.") != std::string::npos) {
      options_.link_inputs.push_back(w);
      return true;
    }
    return fail("cc.no-input", fmt::format("{} is no kind of file this compiler reads", w),
                ".cpp .cc .cxx .asc .cce sources; .o .a .so to link");
  }

  const std::vector<std::string>& words_;
  std::size_t at_ = 0;
  Options options_;
};

}  // namespace

Result<Options> read_options(const std::vector<std::string>& words) { return Reader(words).run(); }

}  // namespace etalon::ascendc::compiler
