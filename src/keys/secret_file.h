#pragma once
// Private to keys: files that hold secrets, read and written without trusting what surrounds them.
#include <filesystem>

#include "bytes/bytes.h"
#include "bytes/secret_bytes.h"
#include "errors/result.h"

namespace certwright::keys {

inline constexpr std::size_t kMaxSecretFileOctets = 4096;

enum class FileTrust {
  own,         // mode 0600 or stricter
  credential,  // systemd's: in a directory only the service can enter, mode 0400 or 0440
};

// The whole content. Errors: not_found; not_permitted for a symbolic link, anything but a regular
// file, another owner than root or the process's user, or permissions beyond `trust`; too_large
// over kMaxSecretFileOctets; unavailable.
Result<SecretBytes> read_secret_file(const std::filesystem::path& path, FileTrust trust);

// Makes a new file of mode 0600, atomically: it exists with all of `content`, durable, or not at
// all. Errors: conflict if the name is taken, by whatever; unavailable.
Result<void> create_secret_file(const std::filesystem::path& path, ByteView content);

// The same, in place of what is there: at every instant the name has the old or the new content.
Result<void> replace_secret_file(const std::filesystem::path& path, ByteView content);

// Durably. Errors: not_found; unavailable.
Result<void> remove_secret_file(const std::filesystem::path& path);

}  // namespace certwright::keys
