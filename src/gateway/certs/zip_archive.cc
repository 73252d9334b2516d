#include "gateway/certs/zip_archive.h"

#include <string>

#include <zip.h>

#include "bytes/secret_bytes.h"

namespace certwright::gateway::certs {
namespace {

struct SourceFree {
  void operator()(zip_source_t* source) const noexcept { zip_source_free(source); }
};
struct ArchiveDiscard {
  void operator()(zip_t* archive) const noexcept { zip_discard(archive); }
};
using ZipSource = std::unique_ptr<zip_source_t, SourceFree>;
using ZipArchive = std::unique_ptr<zip_t, ArchiveDiscard>;

tl::unexpected<Error> zip_failure(std::string_view what) {
  return fail(Errc::internal, "zip: " + std::string(what) + " failed");
}

Result<void> add_zip_entry(zip_t* archive, const ZipEntry& entry, Time modified) {
  // The archive reads `content` when it is closed: it must live until then.
  ZipSource source(zip_source_buffer(archive, entry.content.data(), entry.content.size(), 0));
  if (!source) return zip_failure("a source");
  const std::string name(entry.name);
  const zip_int64_t index = zip_file_add(archive, name.c_str(), source.get(), ZIP_FL_ENC_UTF_8);
  if (index < 0) return zip_failure("adding a file");
  (void)source.release();  // the archive's from here on
  const auto at = static_cast<zip_uint64_t>(index);
  const zip_uint32_t attributes = (0100000u | entry.mode) << 16;  // a regular file
  if (zip_set_file_compression(archive, at, ZIP_CM_STORE, 0) != 0 ||
      zip_file_set_mtime(archive, at, to_unix_s(modified), 0) != 0 ||
      zip_file_set_external_attributes(archive, at, 0, ZIP_OPSYS_UNIX, attributes) != 0)
    return zip_failure("describing a file");
  return {};
}

Result<std::shared_ptr<const Bytes>> read_zip(zip_source_t* image) {
  zip_stat_t stat;
  zip_stat_init(&stat);
  if (zip_source_stat(image, &stat) != 0 || (stat.valid & ZIP_STAT_SIZE) == 0 ||
      zip_source_open(image) != 0)
    return zip_failure("reading it back");
  std::shared_ptr<Bytes> octets(new Bytes(stat.size), [](Bytes* bytes) {
    wipe(*bytes);
    delete bytes;
  });
  const zip_int64_t got = zip_source_read(image, octets->data(), octets->size());
  zip_source_close(image);
  if (got < 0 || static_cast<std::size_t>(got) != octets->size())
    return zip_failure("reading it back");
  return std::shared_ptr<const Bytes>(std::move(octets));
}

}  // namespace

Result<std::shared_ptr<const Bytes>> make_zip(const std::vector<ZipEntry>& entries, Time modified) {
  zip_error_t error;
  zip_error_init(&error);
  ZipSource image(zip_source_buffer_create(nullptr, 0, 0, &error));
  if (!image) return zip_failure("a buffer");
  ZipArchive archive(zip_open_from_source(image.get(), ZIP_CREATE | ZIP_TRUNCATE, &error));
  if (!archive) return zip_failure("opening");
  // The archive owns one reference now, this function keeps another to read the image with.
  zip_source_keep(image.get());
  for (const ZipEntry& entry : entries)
    CERTWRIGHT_CHECK(add_zip_entry(archive.get(), entry, modified));
  if (zip_close(archive.get()) != 0) return zip_failure("closing");
  (void)archive.release();
  return read_zip(image.get());
}

}  // namespace certwright::gateway::certs
