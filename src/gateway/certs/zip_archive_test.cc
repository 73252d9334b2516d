#include "gateway/certs/zip_archive.h"

#include <gtest/gtest.h>
#include <zip.h>

#include <string>

namespace certwright::gateway::certs {
namespace {

TEST(ZipArchive, HoldsItsEntriesInOrder) {
  const auto zip = make_zip({{"ca.pem", as_bytes("one")},
                             {"cert.pem", as_bytes("")},
                             {"key.pem", as_bytes("three"), 0600}},
                            from_unix_s(1'767'323'045));
  ASSERT_TRUE(zip.has_value());
  zip_error_t error;
  zip_source_t* source = zip_source_buffer_create((*zip)->data(), (*zip)->size(), 0, &error);
  zip_t* archive = zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &error);
  ASSERT_NE(archive, nullptr);
  ASSERT_EQ(zip_get_num_entries(archive, 0), 3);
  const std::pair<const char*, std::string> expected[] = {
      {"ca.pem", "one"}, {"cert.pem", ""}, {"key.pem", "three"}};
  for (zip_uint64_t i = 0; i < 3; ++i) {
    EXPECT_STREQ(zip_get_name(archive, i, 0), expected[i].first);
    zip_file_t* file = zip_fopen_index(archive, i, 0);
    std::string content(16, '\0');
    const auto got = zip_fread(file, content.data(), content.size());
    content.resize(static_cast<std::size_t>(got));
    EXPECT_EQ(content, expected[i].second);
    zip_fclose(file);
  }
  zip_uint8_t system = 0;
  zip_uint32_t attributes = 0;
  ASSERT_EQ(zip_file_get_external_attributes(archive, 2, 0, &system, &attributes), 0);
  EXPECT_EQ(system, ZIP_OPSYS_UNIX);
  EXPECT_EQ(attributes >> 16, 0100600u) << "a key is for its owner";
  zip_discard(archive);
}

}  // namespace
}  // namespace certwright::gateway::certs
