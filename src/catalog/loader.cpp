// SPDX-License-Identifier: Apache-2.0
#include "catalog/loader.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "base/text.h"
#include "catalog/borrow.h"
#include "catalog/fact_reader.h"

namespace etalon::catalog {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kChipHeader = {"schema", "name",    "title",       "kind",  "family",
                                              "base",   "without", "alternative", "borrow"};
const std::vector<std::string> kNodeHeader = {"schema",   "name", "title",   "kind",        "chip",
                                              "packages", "base", "without", "alternative", "borrow"};

// What differs between a chip and a node file.
template <class Sheet>
struct FileKind;
template <>
struct FileKind<Chip> {
  static constexpr const char* kFolder = "chips";
  static constexpr const char* kWord = "chip";
  static const std::vector<std::string>& header() { return kChipHeader; }
  static const FactReader::Part& schema(const Schema& s) { return s.chip; }
};
template <>
struct FileKind<Node> {
  static constexpr const char* kFolder = "nodes";
  static constexpr const char* kWord = "node";
  static const std::vector<std::string>& header() { return kNodeHeader; }
  static const FactReader::Part& schema(const Schema& s) { return s.node; }
};

void read_own_header(const TomlValue& root, FactReader& reader, Chip& chip, bool has_base) {
  if (const TomlValue* kind = root.find("kind")) {
    if (kind->string == "npu")
      chip.kind = CoreKind::npu;
    else if (kind->string == "gpu")
      chip.kind = CoreKind::gpu;
    else
      reader.complain(*kind, "header.kind", fmt::format("kind '{}' is neither npu nor gpu", kind->string));
  } else if (!has_base) {
    reader.complain(root, "header.missing", "the file has no kind",
                    "write kind = \"npu\" or kind = \"gpu\", or base = \"a chip\"");
  }
  if (const TomlValue* family = root.find("family"))
    chip.family = family->string;
  else if (!has_base)
    reader.complain(root, "header.missing", "the file has no family", "for example family = \"hopper\"");
}

void read_own_header(const TomlValue& root, FactReader& reader, Node& node, bool has_base) {
  if (const TomlValue* kind = root.find("kind"); kind != nullptr && kind->string != "node") {
    reader.complain(*kind, "header.kind", fmt::format("kind '{}' is not node", kind->string));
  }
  if (const TomlValue* chip = root.find("chip"))
    node.chip = chip->string;
  else if (!has_base)
    reader.complain(root, "header.missing", "the node names no chip",
                    "write chip = \"a chip of etalon chips\"");
  const TomlValue* packages = root.find("packages");
  if (packages == nullptr) return;
  if (packages->type != TomlValue::Type::integer || packages->number < 1 || packages->number > 65536) {
    reader.complain(*packages, "header.kind", "packages is a whole number from 1 to 65536");
  } else {
    node.packages = static_cast<int>(packages->number);
  }
}

template <class Sheet>
class SheetLoader {
 public:
  SheetLoader(const LoadContext& context) : context_(context) {}

  Result<Sheet> load(const fs::path& file) {
    TRY(root, read_toml(file));
    return load(root, file);
  }

  Result<Sheet> load(const TomlValue& root, const fs::path& file) {
    std::error_code ignored;
    const fs::path identity = fs::weakly_canonical(file, ignored);
    chain_.push_back(identity);  // files being read, outermost first
    auto sheet = load_inside(root, file);
    chain_.pop_back();
    return sheet;
  }

 private:
  Result<Sheet> load_inside(const TomlValue& root, const fs::path& file) {
    FactReader reader(FileKind<Sheet>::schema(context_.schema), context_.sources, file.string());
    Sheet sheet;
    const TomlValue* base = root.find("base");
    if (base != nullptr) {
      TRY(inherited, load_base(*base, file));
      sheet = std::move(inherited);
      sheet.bases.insert(sheet.bases.begin(), sheet.name);
    }
    sheet.start_recording();
    sheet.file = file.string();
    sheet.name = file.stem().string();
    read_header(root, reader, sheet, base != nullptr);
    read_facts(root, reader, sheet);
    if (const TomlValue* borrow = root.find("borrow")) read_borrowings(*borrow, reader, sheet, file);
    if (const TomlValue* table = root.find("alternative")) read_alternatives(*table, "", reader, sheet, file);
    sheet.apply_alternatives();
    if (auto done = finish(reader, sheet); !done) return std::unexpected(std::move(done).error());
    return sheet;
  }

  Result<Sheet> load_base(const TomlValue& base, const fs::path& file) {
    const auto problem = [&](std::string code, std::string message, std::string fix) {
      return fail(Error{
          std::move(code), std::move(message), std::move(fix), file.string(), base.line, base.column, {}});
    };
    const std::string folder = FileKind<Sheet>::kFolder;
    const bool is_path = base.string.find('/') != std::string::npos || base.string.ends_with(".toml");
    const fs::path target =
        is_path ? file.parent_path() / base.string : context_.data / folder / (base.string + ".toml");
    std::error_code ignored;
    if (base.string.empty() || !fs::is_regular_file(target, ignored)) {
      return problem(
          "base.unknown", fmt::format("there is no {} '{}' to build on", FileKind<Sheet>::kWord, base.string),
          did_you_mean(base.string, is_path ? std::vector<std::string>{} : names_in(context_.data / folder)));
    }
    const fs::path identity = fs::weakly_canonical(target, ignored);
    if (std::find(chain_.begin(), chain_.end(), identity) != chain_.end()) {
      return problem("base.cycle", fmt::format("'{}' builds on itself", base.string),
                     "base must name another file");
    }
    return load(target);
  }

  static std::vector<std::string> names_in(const fs::path& folder) {
    std::vector<std::string> out;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(folder, ignored)) {
      if (entry.path().extension() == ".toml") out.push_back(entry.path().stem().string());
    }
    return out;
  }

  void read_header(const TomlValue& root, FactReader& reader, Sheet& sheet, bool has_base) {
    if (const TomlValue* name = root.find("name")) sheet.name = name->string;
    if (const TomlValue* title = root.find("title")) sheet.title = title->string;
    const TomlValue* schema = root.find("schema");
    if (schema == nullptr || schema->number != 1) {
      reader.complain(schema == nullptr ? root : *schema, "header.missing",
                      "the file does not say schema = 1");
    }
    read_own_header(root, reader, sheet, has_base);
  }

  void read_facts(const TomlValue& root, FactReader& reader, Sheet& sheet) {
    const auto& header = FileKind<Sheet>::header();
    TomlValue facts;
    for (const auto& [key, value] : root.table) {
      if (std::find(header.begin(), header.end(), key) != header.end()) continue;
      if (value.type == TomlValue::Type::table) {
        facts.table.emplace(key, value);
      } else {
        reader.complain(value, "header.unknown", fmt::format("unknown key '{}'", key),
                        did_you_mean(key, header));
      }
    }
    if (const TomlValue* without = root.find("without")) {
      for (const TomlValue& path : without->array) {
        if (!sheet.erase(path.string)) {
          reader.complain(path, "fact.unknown",
                          fmt::format("the base holds no fact '{}' to leave out", path.string));
        }
      }
    }
    std::vector<Fact> read;
    reader.read(facts, "", read);
    own_.clear();
    for (Fact& fact : read) {
      own_.insert(fact.path);
      auto done = sheet.insert(std::move(fact));
      if (!done) reader.problems().push_back(std::move(done).error());
    }
  }

  // [alternative.PATH.CHOICE] base = "another chip", groups = [...]: under that choice, the facts of these
  // groups are the other chip's, except those this file states itself.
  void read_alternatives(const TomlValue& table, const std::string& path, FactReader& reader, Sheet& sheet,
                         const fs::path& file) {
    std::map<std::string, FactSheet::Facts> by_choice;
    for (const auto& [key, value] : table.table) {
      const TomlValue* base = value.find("base");
      const TomlValue* groups = value.find("groups");
      if (value.type == TomlValue::Type::table && base == nullptr && !value.table.empty()) {
        read_alternatives(value, path.empty() ? key : path + "." + key, reader, sheet, file);
      } else if (base != nullptr && groups != nullptr && is_open_choice(sheet, path, key)) {
        add_alternative(*base, *groups, file, reader, sheet, by_choice[key],
                        by_choice[sheet.facts().find(path)->second.choice]);
      } else {
        reader.complain(
            value, "alternative.entry",
            fmt::format("'{}.{}' is not an open choice of this file with base and groups", path, key),
            "write [alternative.PATH.CHOICE] with base = \"chip\" and groups = [\"cube\", ...]");
      }
    }
    if (!by_choice.empty()) sheet.set_alternatives(path, std::move(by_choice));
  }

  static bool is_open_choice(const Sheet& sheet, const std::string& path, const std::string& choice) {
    const auto it = sheet.facts().find(path);
    return it != sheet.facts().end() && it->second.choices.contains(choice) && it->second.choice != choice;
  }

  // Another file of the same kind, loaded for its facts; a problem is noted and gives nothing.
  std::optional<Sheet> load_other(const TomlValue& base, const fs::path& file, FactReader& reader) {
    SheetLoader<Sheet> loader(context_);
    loader.chain_ = chain_;
    auto other = loader.load_base(base, file);
    if (other) return *std::move(other);
    reader.problems().push_back(std::move(other).error());
    return std::nullopt;
  }

  static std::vector<std::string> strings_of(const TomlValue& array) {
    std::vector<std::string> out;
    for (const TomlValue& v : array.array) out.push_back(v.string);
    return out;
  }

  void read_borrowings(const TomlValue& given, FactReader& reader, Sheet& sheet, const fs::path& file) {
    if (given.type != TomlValue::Type::array) return read_borrowing(given, reader, sheet, file);
    for (const TomlValue& one : given.array) read_borrowing(one, reader, sheet, file);
  }

  void read_borrowing(const TomlValue& table, FactReader& reader, Sheet& sheet, const fs::path& file) {
    const TomlValue* from = table.find("from");
    const TomlValue* spread = table.find("spread");
    if (from == nullptr || spread == nullptr || !(spread->number >= 0 && spread->number < 1)) {
      reader.complain(table, "borrow.entry",
                      "[borrow] has from and a spread from 0 to 1, and may have groups and except",
                      "for example from = \"ascend-910b1\", groups = [\"mmad\"], spread = 0.3");
      return;
    }
    Borrowing terms{{}, {}, spread->number};
    if (const TomlValue* groups = table.find("groups")) terms.groups = strings_of(*groups);
    if (const TomlValue* paths = table.find("except")) terms.except = strings_of(*paths);
    const auto lender = load_other(*from, file, reader);
    if (!lender) return;
    for (Fact& fact : borrowed_facts(sheet, *lender, terms, FileKind<Sheet>::schema(context_.schema))) {
      auto done = sheet.insert(std::move(fact));
      if (!done) reader.problems().push_back(std::move(done).error());
    }
  }

  void add_alternative(const TomlValue& base, const TomlValue& groups, const fs::path& file,
                       FactReader& reader, const Sheet& sheet, FactSheet::Facts& then,
                       FactSheet::Facts& now) {
    const auto other = load_other(base, file, reader);
    if (!other) return;
    const std::vector<std::string> names = strings_of(groups);
    const auto belongs = [&](const std::string& fact) {
      return !own_.contains(fact) && is_in_groups(fact, names);
    };
    for (const auto& [name, fact] : other->facts()) {
      if (belongs(name)) then.emplace(name, assumed_from(fact, other->name));
    }
    for (const auto& [name, fact] : sheet.facts()) {
      if (belongs(name)) now.emplace(name, fact);
    }
  }

  Result<std::monostate> finish(FactReader& reader, Sheet& sheet) {
    if (reader.problems().empty()) return sheet.recompute_derived();
    auto& problems = reader.problems();
    std::stable_sort(problems.begin(), problems.end(), [](const Error& a, const Error& b) {
      return std::pair(a.line, a.column) < std::pair(b.line, b.column);
    });
    Error first = std::move(problems.front());
    first.also.assign(std::make_move_iterator(problems.begin() + 1), std::make_move_iterator(problems.end()));
    return fail(std::move(first));
  }

  const LoadContext& context_;
  std::vector<fs::path> chain_;
  std::set<std::string> own_;  // facts the file loaded last states itself
};

Result<Source> read_source(const fs::path& file) {
  TRY(root, read_toml(file));
  Source out;
  const std::pair<const char*, std::string*> fields[] = {
      {"id", &out.id},           {"title", &out.title}, {"publisher", &out.publisher},
      {"address", &out.address}, {"date", &out.date},   {"licence", &out.licence},
      {"commit", &out.commit},   {"read", &out.read},   {"note", &out.note}};
  for (const auto& [key, field] : fields) {
    if (const TomlValue* v = root.find(key)) *field = v->string;
  }
  const auto refuse = [&](const std::string& what) {
    return fail(Error{"source.incomplete",
                      what,
                      "a source has id, title, publisher, address and read (a date)",
                      file.string(),
                      1,
                      1,
                      {}});
  };
  if (out.id != file.stem().string())
    return refuse(fmt::format("the id '{}' is not the file's name", out.id));
  if (out.title.empty() || out.publisher.empty() || out.address.empty() || out.read.empty()) {
    return refuse("title, publisher, address or read is missing");
  }
  return out;
}

}  // namespace

Result<std::map<std::string, Source>> load_sources(const fs::path& folder) {
  std::map<std::string, Source> out;
  std::error_code error;
  std::set<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".toml") files.insert(entry.path());
  }
  if (error) return fail(Error{"file.unreadable", "cannot list the sources", "", folder.string(), 0, 0, {}});
  for (const fs::path& file : files) {
    TRY(source, read_source(file));
    out.emplace(source.id, std::move(source));
  }
  return out;
}

Result<LoadContext> load_context(const fs::path& data) {
  TRY(schema, load_schema(data / "schema.toml"));
  TRY(known, load_sources(data / "sources"));
  return LoadContext{data, std::move(schema), std::move(known)};
}

Result<Chip> load_chip(const fs::path& file, const LoadContext& context) {
  return SheetLoader<Chip>(context).load(file);
}
Result<Node> load_node(const fs::path& file, const LoadContext& context) {
  return SheetLoader<Node>(context).load(file);
}

Result<Chip> parse_chip(std::string_view toml, const std::string& file_name, const LoadContext& context) {
  TRY(root, parse_toml(toml, file_name));
  return SheetLoader<Chip>(context).load(root, file_name);
}

}  // namespace etalon::catalog
