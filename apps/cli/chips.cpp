// SPDX-License-Identifier: Apache-2.0
// etalon chips, chips show NAME|FILE, chips diff A B; etalon nodes, nodes show NAME|FILE.
#include <CLI/CLI.hpp>
#include <memory>

#include "apps/cli/commands.h"
#include "catalog/show.h"

namespace etalon::cli {
namespace {

using namespace etalon::catalog;

int show_result(const Context& context, const Result<Document>& document) {
  return document ? context.show(*document) : context.fail(document.error());
}

Result<Document> show_chip_named(const std::string& name) {
  TRY(chip, find_chip(name));
  return show_chip(chip);
}

Result<Document> show_node_named(const std::string& name) {
  TRY(node, find_node(name));
  return show_node(node);
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
      if (show->parsed()) return show_result(context, show_chip_named(names->first));
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
      return show_result(context, show->parsed() ? show_node_named(*name) : list_nodes());
    };
  });
}

}  // namespace etalon::cli
