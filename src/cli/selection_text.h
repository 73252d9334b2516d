#pragma once
// How requests are given to CAs, as people read it. Nothing here asks the server.
#include <string>

#include "json/value.h"

namespace certwright::cli {

// Of POST /csr/select: the chosen CA, then every candidate with what speaks for and against it.
std::string selection_text(const json::Value& answer);
// A tenant's selection policy.
std::string selection_policy_text(const json::Value& policy);

}  // namespace certwright::cli
