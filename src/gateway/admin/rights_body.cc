#include "gateway/admin/rights_body.h"

#include <algorithm>

#include "crypto/digest.h"
#include "profile/requested_extensions.h"
#include "x509/oids.h"

namespace certwright::gateway::admin {
namespace {

namespace oids = x509::oids;

void write_usages(json::Writer& w, const x509::Extensions& extensions) {
  w.key("key_usage").begin_array();
  if (const auto* extension = extensions.find(oids::kKeyUsage); extension != nullptr)
    if (const auto usage = x509::parse_key_usage(extension->value))
      for (const auto name : x509::names_of(*usage)) w.value(name);
  w.end_array().key("extended_key_usage").begin_array();
  if (const auto* extension = extensions.find(oids::kExtKeyUsage); extension != nullptr)
    if (const auto purposes = x509::parse_ext_key_usage(extension->value))
      for (const auto& purpose : *purposes) w.value(x509::ext_key_usage_name(purpose));
  w.end_array();
}

void write_basic_constraints(json::Writer& w, const x509::Extensions& extensions) {
  const auto* extension = extensions.find(oids::kBasicConstraints);
  if (extension == nullptr) return;
  const auto constraints = x509::parse_basic_constraints(extension->value);
  if (!constraints || !constraints->ca) return;
  w.key("basic_constraints").begin_object().member("ca", true);
  if (constraints->path_length) w.member("path_length", *constraints->path_length);
  w.end_object();
}

}  // namespace

void write_rights(json::Writer& w, const x509::Extensions& extensions, const std::vector<x509::Extension>& requested) {
  write_usages(w, extensions);
  write_basic_constraints(w, extensions);
  w.key("extensions").begin_array();
  for (const auto& extension : extensions) {
    if (!profile::may_be_copied(extension.oid)) continue;
    w.begin_object().member("oid", extension.oid.to_text()).member("critical", extension.critical);
    w.member("size_octets", extension.value.size()).member("sha256", to_hex(crypto::sha256(extension.value)));
    w.member("copied", std::ranges::find(requested, extension) != requested.end()).end_object();
  }
  w.end_array();
}

}  // namespace certwright::gateway::admin
