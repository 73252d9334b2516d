#pragma once
#include <string>

#include "errors/result.h"

namespace certwright::cli {

// Asks twice at the terminal, which shows nothing meanwhile. The caller wipes the text.
// Errors: unavailable without a terminal; invalid if the two differ.
Result<std::string> ask_new_password();

// The first line of a file, or with "-" of standard input. Errors: unavailable; invalid for an empty line.
Result<std::string> password_of_file(const std::string& path);

}  // namespace certwright::cli
