#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace certwright::cli {

// Help texts with a column for what an option takes and a sentence with its default and its
// choices. Before the commands are added: they inherit it.
void use_plain_help(CLI::App& app);

// Why a command line could not be parsed: the unknown word with the nearest known one, and where to
// look.
std::string usage_problem(const CLI::App& app, const CLI::ParseError& error);

// The candidate with the fewest edits to `word`, rather one that begins with it; "" without
// candidates.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace certwright::cli
