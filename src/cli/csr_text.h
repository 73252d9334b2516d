#pragma once
// The answers of the CSR portal as people read them. Nothing here asks the server.
#include <string>
#include <string_view>

#include "json/value.h"

namespace certwright::cli {

// Of POST /csr/process and GET /csr/requests/{id}: issued, waiting, or what it came to; without PEM.
std::string csr_outcome_text(const json::Value& answer);

// Of GET /csr/ca-template/{caId}. `config_file`: where its configuration was written; empty: it was not, and the
// text has it.
std::string ca_template_text(const json::Value& shown, std::string_view config_file);

// An openssl command of a template, which reads its configuration from csr.cnf, with another file instead.
std::string command_with_config(std::string command, std::string_view config_file);

// "90" of "90d" or "90": people write days as for other commands, the form takes a number. Anything else comes
// back as it is, and the server says what is wrong with it.
std::string days_of(std::string_view validity);

}  // namespace certwright::cli
