#pragma once
// The words of exports and record proofs, shared by those who write and who verify them. README.md
// shows the files whole. Private to this room.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace certwright::audit::format {

inline constexpr std::string_view kExport = "certwright audit export 1";
inline constexpr std::string_view kProof = "certwright audit record proof 1";
inline constexpr std::string_view kKey = "key ";          // + the log's key, name included
inline constexpr std::string_view kFrom = "from ";        // + position of the first record
inline constexpr std::string_view kTo = "to ";            // + one past the last
inline constexpr std::string_view kSubtree = "subtree ";  // + base64: the tree before `from`
inline constexpr std::string_view kCheckpoint = "checkpoint";  // then the note's five lines
inline constexpr std::string_view kEnd = "end";
inline constexpr std::string_view kRecord = "record ";  // + position; the record on the next line
inline constexpr std::string_view kPath = "path ";      // + base64: the inclusion proof, leaf up
inline constexpr std::size_t kNoteLines = 5;

// Decimal without leading zeros, as the writer prints it.
std::optional<std::uint64_t> number(std::string_view digits) noexcept;

// What stands behind `word`, or nothing if the line does not begin with it.
std::optional<std::string_view> after(std::string_view word, std::string_view line) noexcept;

}  // namespace certwright::audit::format
