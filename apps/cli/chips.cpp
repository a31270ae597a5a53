// SPDX-License-Identifier: Apache-2.0
// etalon chips, chips show NAME|FILE, chips diff A B; etalon nodes, nodes show NAME|FILE;
// etalon facts [PREFIX].
#include <CLI/CLI.hpp>
#include <memory>

#include "apps/cli/commands.h"
#include "catalog/show.h"
#include "report/report.h"

namespace etalon::cli {
namespace {

using namespace etalon::catalog;

int show_result(const Context& context, const Result<Document>& document) {
  return document ? context.show(*document) : context.fail(document.error());
}

int show_chip_named(const Context& context, const std::string& name) {
  const auto chip = find_chip(name);
  if (!chip) return context.fail(chip.error());
  return context.show(show_chip(*chip), report::as_json(facts_in_si(*chip)));
}

int show_node_named(const Context& context, const std::string& name) {
  const auto node = find_node(name);
  if (!node) return context.fail(node.error());
  return context.show(show_node(*node), report::as_json(facts_in_si(*node)));
}

Result<Document> diff_chips_named(const std::string& first, const std::string& second) {
  TRY(a, find_chip(first));
  TRY(b, find_chip(second));
  return diff_chips(a, b);
}

}  // namespace

void add_chips(CLI::App& app, Context& context) {
  auto* chips = app.add_subcommand("chips", "list the chips; show one; put two side by side");
  auto names = std::make_shared<std::pair<std::string, std::string>>();
  auto* show = chips->add_subcommand("show", "every fact of a chip with range, basis and source");
  show->add_option("chip", names->first, "a name of the catalog or a TOML file")->required();
  auto* diff = chips->add_subcommand("diff", "two chips side by side with ratios");
  diff->add_option("a", names->first, "a name of the catalog or a TOML file")->required();
  diff->add_option("b", names->second, "a name of the catalog or a TOML file")->required();
  chips->require_subcommand(0, 1);
  chips->callback([=, &context] {
    context.run = [=, &context] {
      if (show->parsed()) return show_chip_named(context, names->first);
      if (diff->parsed()) return show_result(context, diff_chips_named(names->first, names->second));
      return show_result(context, list_chips());
    };
  });
}

void add_nodes(CLI::App& app, Context& context) {
  auto* nodes = app.add_subcommand("nodes", "list the nodes; show one");
  auto name = std::make_shared<std::string>();
  auto* show = nodes->add_subcommand("show", "every fact of a node with range, basis and source");
  show->add_option("node", *name, "a name of the catalog or a TOML file")->required();
  nodes->require_subcommand(0, 1);
  nodes->callback([=, &context] {
    context.run = [=, &context] {
      return show->parsed() ? show_node_named(context, *name) : show_result(context, list_nodes());
    };
  });
}

void add_facts(CLI::App& app, Context& context) {
  auto* facts =
      app.add_subcommand("facts", "what may be said of a chip or a node: every fact with unit and meaning");
  auto prefix = std::make_shared<std::string>();
  facts->add_option("prefix", *prefix, "only facts whose path begins so, such as hbm");
  facts->callback(
      [=, &context] { context.run = [=, &context] { return show_result(context, list_facts(*prefix)); }; });
}

}  // namespace etalon::cli
