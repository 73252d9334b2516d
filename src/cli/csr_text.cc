#include "cli/csr_text.h"

#include <algorithm>

#include <fmt/format.h>

#include "cli/output.h"

namespace certwright::cli {
namespace {

std::string ignored_text(const json::Value& answer) {
  const std::string ignored = text_of(answer, "ignored_extensions");
  return ignored.empty() ? "" : fmt::format("Not in the certificate, of the CSR's extensions: {}\n", printable(ignored));
}

// A word for the shell, quoted if it has to be.
std::string shell_word(std::string_view text) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/+=:,@%";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string_view::npos) return std::string(text);
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace

std::string csr_outcome_text(const json::Value& answer) {
  const std::string message = printable(text_of(answer, "message"));
  const json::Value* request = answer.find("request");
  std::string id = printable(text_of(answer, "request_id"));
  if (id.empty() && request != nullptr) id = printable(text_of(*request, "request_id"));
  const json::Value* certificate = answer.find("certificate");
  if (certificate == nullptr) {
    const bool is_over = request != nullptr && text_of(*request, "expires_at").empty();
    return fmt::format("{0}\nRequest {1}: certwright request show {1}\n{2}{3}", message, id,
                       is_over ? "" : "The same CSR, sent again, is the same request; with --wait the command stays until it is decided.\n",
                       ignored_text(answer));
  }
  json::Value plain;
  for (const char* member : {"serial_number", "ca_id", "subject", "profile", "not_before", "not_after"})
    plain.set(member, text_of(*certificate, member));
  plain.set("request", id);
  return fmt::format("{}\n{}{}", message, members_text(plain), ignored_text(answer));
}

std::string command_with_config(std::string command, std::string_view config_file) {
  constexpr std::string_view kOption = " -config csr.cnf";
  const auto at = command.find(kOption);
  if (config_file.empty() || at == std::string::npos) return command;
  return command.replace(at, kOption.size(), fmt::format(" -config {}", shell_word(config_file)));
}

std::string ca_template_text(const json::Value& shown, std::string_view config_file) {
  json::Value plain;
  for (const char* member : {"id", "name", "common_name", "organization", "country"}) plain.set(member, text_of(shown, member));
  const std::pair<const char*, const char*> renamed[] = {{"approval by people", "requires_manual_approval"},
                                                         {"validity, days at most", "max_validity_days"},
                                                         {"extensions", "allowed_extensions"},
                                                         {"types of keys", "allowed_key_types"}};
  for (const auto& [name, member] : renamed) plain.set(name, text_of(shown, member));
  std::string text = members_text(plain);
  if (config_file.empty())
    text += fmt::format("\ncsr.cnf, written by --openssl-config csr.cnf:\n\n{}", printable_lines(text_of(shown, "openssl_config")));
  else
    text += fmt::format("\nWrote {}: put your own names into it.\n", printable(config_file));
  Table commands({"KEY", "COMMAND"});
  for (const auto& row : rows_of(shown, "openssl_commands"))
    commands.add({text_of(row, "key_type"), command_with_config(text_of(row, "command"), config_file)});
  return fmt::format("{}\n{}\nThen: certwright request submit request.pem --issuer {}\n", text, commands.text(),
                     printable(text_of(shown, "id")));
}

std::string days_of(std::string_view validity) {
  const auto digits = validity.substr(0, validity.size() - (validity.ends_with('d') ? 1 : 0));
  const bool is_number = !digits.empty() && std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
  return std::string(is_number ? digits : validity);
}

}  // namespace certwright::cli
