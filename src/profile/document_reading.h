#pragma once
// Reading and writing a profile document, part by part. Private to this room.
#include <string>
#include <string_view>
#include <vector>

#include "json/object_reader.h"
#include "json/writer.h"
#include "profile/profile.h"

namespace certwright::profile {

inline constexpr std::size_t kListMax = 64;

tl::unexpected<Error> wrong(std::string field, std::string detail);  // invalid
std::string item(const std::string& field, std::size_t index);      // "names[3]"
Result<void> check_unique(const std::string& field, const std::vector<std::string>& list);
void write_strings(json::Writer& w, std::string_view name, const std::vector<std::string>& list);

// The members "subject" and "names".
Result<void> read_subject(json::ObjectReader& reader, Profile& profile);
Result<void> read_names(json::ObjectReader& reader, Profile& profile);
void write_subject(json::Writer& w, const SubjectRule& rule);
void write_names(json::Writer& w, const Profile& profile);

}  // namespace certwright::profile
