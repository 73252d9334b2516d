#include "gateway/portal/ca_template.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "gateway/portal/csr_service.h"
#include "json/writer.h"
#include "x509/oids.h"

namespace certwright::gateway::portal {
namespace {

void add_once(std::vector<std::string>& list, std::string_view text) {
  if (std::ranges::find(list, text) == list.end()) list.emplace_back(text);
}

std::string first_attribute(const x509::Name& name, const der::Oid& type) {
  for (std::size_t i = 0; i < name.size(); ++i)
    if (const auto attribute = name.attribute(i); attribute.type == type) return attribute.text();
  return {};
}

// openssl's words for the names of kExtensionNames.
std::string openssl_name(std::string_view extension) {
  if (extension == "server_auth") return "serverAuth";
  if (extension == "client_auth") return "clientAuth";
  if (extension == "email_protection") return "emailProtection";
  return "codeSigning";
}

// What `openssl req -newkey` wants for a key of this type. Those of FIPS 204 and 205 it knows by our names, from
// version 3.5 on; the others in every version.
std::string new_key_options(const std::string& type) {
  if (type == "ecdsa-p256") return "ec -pkeyopt ec_paramgen_curve:P-256";
  if (type == "ecdsa-p384") return "ec -pkeyopt ec_paramgen_curve:P-384";
  if (type == "ecdsa-p521") return "ec -pkeyopt ec_paramgen_curve:P-521";
  if (type.starts_with("rsa-")) return "rsa:" + type.substr(4);
  return type;
}

bool is_post_quantum(std::string_view type) { return type.starts_with("ml-dsa-") || type.starts_with("slh-dsa-"); }

std::vector<KeyCommand> commands_for(const std::vector<std::string>& key_types) {
  std::vector<KeyCommand> commands;
  for (const auto& type : key_types)
    commands.push_back({type, fmt::format("openssl req -new -newkey {} -nodes -keyout key.pem -out request.pem -config csr.cnf",
                                          new_key_options(type))});
  // The first is for whoever has no wish, and any openssl.
  std::ranges::stable_partition(commands, [](const KeyCommand& each) { return !is_post_quantum(each.key_type); });
  return commands;
}

// Names that a CSR for the profile may have, to be replaced; no alternative name where it takes none.
struct Sample {
  std::string_view common_name, subject_alt_name;
};
Sample sample_for(const profile::Profile* profile) {
  constexpr Sample kNoName{"Your Name", ""};
  if (profile == nullptr || profile->names_max == 0) return kNoName;
  if (profile->dns.permitted) return {"www.example.com", "DNS:www.example.com"};
  if (profile->email.permitted) return {"you@example.com", "email:you@example.com"};
  if (profile->ip.permitted) return {"192.0.2.1", "IP:192.0.2.1"};
  if (profile->uri.permitted) return {"Your Name", "URI:https://www.example.com/"};
  return kNoName;
}

std::string config_for(const profile::Profile* profile, const std::vector<std::string>& extensions) {
  const Sample sample = sample_for(profile);
  std::string lines;
  if (!sample.subject_alt_name.empty()) lines += fmt::format("subjectAltName = {}\n", sample.subject_alt_name);
  if (!extensions.empty()) {
    std::vector<std::string> names;
    for (const auto& extension : extensions) names.push_back(openssl_name(extension));
    lines += fmt::format("extendedKeyUsage = {}\n", fmt::join(names, ", "));
  }
  return fmt::format(
      "# csr.cnf: put your own names in place of {0}\n"
      "[req]\n"
      "prompt = no\n"
      "utf8 = yes\n"
      "distinguished_name = subject\n"
      "{1}"
      "\n"
      "[subject]\n"
      "CN = {0}\n"
      "{2}",
      sample.common_name, lines.empty() ? "" : "req_extensions = extensions\n",
      lines.empty() ? "" : "\n[extensions]\n" + lines);
}

}  // namespace

CaTemplate CsrService::template_of(const ca::CertificationAuthority& ca) const {
  const auto& subject = ca.certificate().subject();
  CaTemplate shown{.id = ca.id(),
                   .name = ca.record().name,
                   .common_name = first_attribute(subject, x509::oids::kCommonName),
                   .organization = first_attribute(subject, x509::oids::kOrganizationName),
                   .country = first_attribute(subject, x509::oids::kCountryName)};
  std::vector<std::string> extensions;
  std::int64_t shortest = kMaxValidity_days;
  for (const auto& name : ca.policy().profiles) {
    const auto profile = d_.profiles.find(name);
    if (profile == nullptr || profile->internal || profile->ca || profile->interception) continue;
    shortest = std::min(shortest, longest_validity(ca, *profile).days);
    for (const auto& type : profile->key_algorithms) add_once(shown.allowed_key_types, type);
    for (const auto& extension : registration::extension_names(*profile)) add_once(extensions, extension);
    const auto requirement = registration::approval_requirement(ca, *profile, "", {});
    shown.requires_manual_approval = shown.requires_manual_approval || requirement.needed();
  }
  for (const auto known : registration::kExtensionNames)
    if (std::ranges::find(extensions, known) != extensions.end()) shown.allowed_extensions.emplace_back(known);
  for (const auto& type : shown.allowed_key_types) {
    std::uint32_t bits = 0;
    const std::string_view digits = std::string_view(type).starts_with("rsa-") ? std::string_view(type).substr(4) : "";
    if (std::from_chars(digits.data(), digits.data() + digits.size(), bits).ec == std::errc())
      shown.allowed_key_sizes.push_back(bits);
  }
  std::ranges::sort(shown.allowed_key_sizes);
  // The profile that a request without further words would get.
  const auto usual = registration::profile_for(ca, d_.profiles, {}, {});
  shown.max_validity_days = usual == nullptr ? shortest : longest_validity(ca, *usual).days;
  shown.openssl_config = config_for(usual.get(), usual == nullptr ? extensions : registration::extension_names(*usual));
  // The file asks for what the usual profile gives: so the keys are those that it takes.
  if (usual != nullptr) shown.openssl_commands = commands_for(usual->key_algorithms);
  if (!shown.openssl_commands.empty()) shown.openssl_command = shown.openssl_commands.front().command;
  return shown;
}

http::Response template_answer(const CaTemplate& shown) {
  json::Writer w;
  const auto texts = [&](std::string_view name, const std::vector<std::string>& list) {
    w.key(name).begin_array();
    for (const auto& text : list) w.value(text);
    w.end_array();
  };
  w.begin_object();
  w.member("id", shown.id).member("name", shown.name).member("common_name", shown.common_name);
  w.member("organization", shown.organization).member("country", shown.country);
  w.member("requires_manual_approval", shown.requires_manual_approval);
  w.member("max_validity_days", shown.max_validity_days).key("allowed_key_sizes").begin_array();
  for (const auto bits : shown.allowed_key_sizes) w.value(bits);
  w.end_array();
  texts("allowed_extensions", shown.allowed_extensions);
  texts("allowed_key_types", shown.allowed_key_types);
  w.member("openssl_config", shown.openssl_config).member("openssl_command", shown.openssl_command);
  w.key("openssl_commands").begin_array();
  for (const auto& [key_type, command] : shown.openssl_commands)
    w.begin_object().member("key_type", key_type).member("command", command).end_object();
  w.end_array().end_object();
  return http::respond(200, "application/json", std::move(w).take() + "\n");
}

}  // namespace certwright::gateway::portal
