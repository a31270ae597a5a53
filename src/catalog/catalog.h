// SPDX-License-Identifier: Apache-2.0
#pragma once

// The front door of the room: chips and nodes by name or by file.
//   TRY(chip, find_chip("h100-sxm"));        // data/chips/h100-sxm.toml
//   TRY(mine, find_chip("./my-chip.toml"));  // a path: holds a '/' or ends in .toml
// Data lie in the folder named by the environment variable ETALON_DATA, else where the program was built.

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/chip_facts.h"

namespace etalon::catalog {

std::filesystem::path data_directory();

// Errors: chip.unknown / node.unknown with the nearest names, and all those of the loader (see loader.h).
Result<Chip> find_chip(const std::string& name_or_path);
Result<Node> find_node(const std::string& name_or_path);  // its chip is loaded with find_chip(node.chip)
// The node to put a chip into when none is named: the first by name whose chip it is, or one of the chips it
// builds on; node.chip is then the given chip. Error: node.none.
Result<Node> find_node_for(const Chip& chip);
std::vector<std::string> chip_names();  // sorted
std::vector<std::string> node_names();

// Where numbers come from: data/sources/ID.toml.
struct Source {
  std::string id, title, publisher, address, commit, date, licence, read, note;
};
Result<std::map<std::string, Source>> sources();

// Lower-case hexadecimal SHA-256.
std::string sha256(std::string_view bytes);

}  // namespace etalon::catalog
