#include "store/key_file.h"

#include <fcntl.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "store/durable_file.h"
#include "store/status_macros.h"

namespace idiolect {
namespace {

constexpr std::string_view kMagic = "idiolect keys 1\n";
constexpr size_t kIdBytes = 16;
constexpr int64_t kHeaderBytes = 128;
constexpr int64_t kSlotBytes = kWrappedKeyBytes;
constexpr size_t kSlotsAtOnce = 4096;

int64_t OffsetOf(int64_t slot) { return kHeaderBytes + slot * kSlotBytes; }

bool IsFree(std::string_view slot) {
  return std::all_of(slot.begin(), slot.end(), [](char byte) { return byte == 0; });
}

// The magic, the file's id, the check of the master key, zeros.
absl::StatusOr<std::string> MakeHeader(std::string_view id, const TextVault& vault) {
  STORE_ASSIGN_OR_RETURN(const std::string check, vault.MakeCheck());
  std::string header =
      absl::StrCat(std::string(kMagic), std::string(id), std::string(1, static_cast<char>(check.size())), check);
  header.resize(kHeaderBytes, '\0');
  return header;
}

}  // namespace

absl::StatusOr<std::unique_ptr<KeyFile>> KeyFile::Create(const std::string& path, const TextVault& vault) {
  const int descriptor = CreatePrivateFile(path);
  if (descriptor < 0 && errno == EEXIST) return absl::AlreadyExistsError(absl::StrCat(path, " exists already"));
  if (descriptor < 0) return absl::ErrnoToStatus(errno, absl::StrCat("can't create the key file ", path));
  std::unique_ptr<KeyFile> file(new KeyFile(path, descriptor));
  file->id_.resize(kIdBytes);
  RAND_bytes(reinterpret_cast<unsigned char*>(file->id_.data()), kIdBytes);
  STORE_ASSIGN_OR_RETURN(const std::string header, MakeHeader(file->id_, vault));
  STORE_RETURN_IF_ERROR(file->WriteAt(0, header));
  STORE_RETURN_IF_ERROR(file->Sync());
  STORE_RETURN_IF_ERROR(SyncFolderOf(path));
  return file;
}

absl::StatusOr<std::unique_ptr<KeyFile>> KeyFile::Open(const std::string& path, const TextVault& vault) {
  const int descriptor = open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (descriptor < 0) return absl::ErrnoToStatus(errno, absl::StrCat("can't open the key file ", path));
  std::unique_ptr<KeyFile> file(new KeyFile(path, descriptor));
  STORE_RETURN_IF_ERROR(file->ReadHeader(vault));
  STORE_RETURN_IF_ERROR(file->FindFreeSlots());
  return file;
}

KeyFile::~KeyFile() { close(descriptor_); }

absl::Status KeyFile::ReadHeader(const TextVault& vault) {
  STORE_ASSIGN_OR_RETURN(const std::string header, ReadAt(0, kHeaderBytes));
  if (header.substr(0, kMagic.size()) != kMagic) {
    return absl::DataLossError(absl::StrCat(path_, " is damaged or no key file: put its last copy in its place"));
  }
  id_ = header.substr(kMagic.size(), kIdBytes);
  const size_t at = kMagic.size() + kIdBytes;
  const absl::Status known = vault.Verify(header.substr(at + 1, static_cast<unsigned char>(header[at])));
  return known.ok() ? known : absl::Status(known.code(), absl::StrCat(path_, ": ", std::string(known.message())));
}

absl::Status KeyFile::FindFreeSlots() {
  struct stat info {};
  if (fstat(descriptor_, &info) != 0) return Failure("read", errno);
  // Part of a slot at the end is what a power cut left of a key that nothing refers to.
  slot_count_ = std::max<int64_t>(0, info.st_size - kHeaderBytes) / kSlotBytes;
  for (int64_t first = 0; first < slot_count_; first += kSlotsAtOnce) {
    const int64_t count = std::min<int64_t>(kSlotsAtOnce, slot_count_ - first);
    STORE_ASSIGN_OR_RETURN(const std::string slots, ReadAt(OffsetOf(first), count * kSlotBytes));
    for (int64_t i = 0; i < count; ++i) {
      if (IsFree(std::string_view(slots).substr(i * kSlotBytes, kSlotBytes))) free_slots_.push_back(first + i);
    }
  }
  return absl::OkStatus();
}

std::string KeyFile::Place::Encode() const { return absl::StrCat(key_id, slot); }

absl::StatusOr<KeyFile::Place> KeyFile::Place::Decode(std::string_view bytes) {
  Place place;
  if (bytes.size() > kKeyIdBytes && absl::SimpleAtoi(std::string(bytes.substr(kKeyIdBytes)), &place.slot)) {
    place.key_id = bytes.substr(0, kKeyIdBytes);
    return place;
  }
  return absl::DataLossError("a reference to a user's key is damaged");
}

absl::StatusOr<KeyFile::Place> KeyFile::Add(std::string_view wrapped) {
  const int64_t slot = free_slots_.empty() ? slot_count_ : free_slots_.back();
  STORE_RETURN_IF_ERROR(WriteAt(OffsetOf(slot), wrapped));
  if (free_slots_.empty()) {
    ++slot_count_;
  } else {
    free_slots_.pop_back();
  }
  added_slots_.push_back(slot);
  return Place{slot, std::string(wrapped.substr(0, kKeyIdBytes))};
}

void KeyFile::Forgo() {
  for (int64_t slot : added_slots_) {
    // One that can't be overwritten stays, a key to nothing.
    if (WriteAt(OffsetOf(slot), std::string(kSlotBytes, '\0')).ok()) erased_slots_.push_back(slot);
  }
  added_slots_.clear();
}

absl::Status KeyFile::Erase(const Place& place) {
  const absl::Status there = Read(place).status();
  if (absl::IsNotFound(there)) return absl::OkStatus();
  STORE_RETURN_IF_ERROR(there);
  STORE_RETURN_IF_ERROR(WriteAt(OffsetOf(place.slot), std::string(kSlotBytes, '\0')));
  erased_slots_.push_back(place.slot);
  return absl::OkStatus();
}

absl::Status KeyFile::Sync() {
  if (!dirty_) return absl::OkStatus();
  if (fdatasync(descriptor_) != 0) return Failure("write", errno);
  dirty_ = false;
  free_slots_.insert(free_slots_.end(), erased_slots_.begin(), erased_slots_.end());
  erased_slots_.clear();
  added_slots_.clear();
  return absl::OkStatus();
}

absl::StatusOr<std::string> KeyFile::Read(const Place& place) const {
  absl::StatusOr<std::string> wrapped = ReadAt(OffsetOf(place.slot), kSlotBytes);
  const bool erased =
      absl::IsDataLoss(wrapped.status()) || (wrapped.ok() && wrapped->substr(0, kKeyIdBytes) != place.key_id);
  return erased ? absl::NotFoundError("the user's key has been erased") : wrapped;
}

absl::Status KeyFile::CopyTo(const std::string& path, const TextVault& vault, const Change& change) const {
  const int descriptor = CreatePrivateFile(path);
  if (descriptor < 0) return absl::ErrnoToStatus(errno, absl::StrCat("can't create ", path));
  KeyFile copy(path, descriptor);
  STORE_ASSIGN_OR_RETURN(const std::string header, MakeHeader(id_, vault));
  STORE_RETURN_IF_ERROR(copy.WriteAt(0, header));
  for (int64_t slot = 0; slot < slot_count_; ++slot) {
    STORE_ASSIGN_OR_RETURN(std::string bytes, ReadAt(OffsetOf(slot), kSlotBytes));
    if (!IsFree(bytes)) {
      STORE_ASSIGN_OR_RETURN(bytes, change(bytes));
    }
    STORE_RETURN_IF_ERROR(copy.WriteAt(OffsetOf(slot), bytes));
  }
  STORE_RETURN_IF_ERROR(copy.Sync());
  return SyncFolderOf(path);
}

absl::Status KeyFile::Overwrite() {
  const std::string zeros(kSlotBytes, '\0');
  for (int64_t slot = 0; slot < slot_count_; ++slot) STORE_RETURN_IF_ERROR(WriteAt(OffsetOf(slot), zeros));
  STORE_RETURN_IF_ERROR(WriteAt(0, std::string(kHeaderBytes, '\0')));
  return Sync();
}

absl::StatusOr<int64_t> KeyFile::CountKeys() const {
  int64_t keys = 0;
  for (int64_t slot = 0; slot < slot_count_; ++slot) {
    STORE_ASSIGN_OR_RETURN(const std::string bytes, ReadAt(OffsetOf(slot), kSlotBytes));
    if (!IsFree(bytes)) ++keys;
  }
  return keys;
}

absl::Status KeyFile::WriteAt(int64_t offset, std::string_view bytes) {
  dirty_ = true;
  while (!bytes.empty()) {
    const ssize_t written = pwrite(descriptor_, bytes.data(), bytes.size(), offset);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Failure("write", errno);
    offset += written;
    bytes.remove_prefix(written);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> KeyFile::ReadAt(int64_t offset, size_t size) const {
  std::string bytes(size, '\0');
  size_t done = 0;
  while (done < size) {
    const ssize_t got = pread(descriptor_, bytes.data() + done, size - done, offset + static_cast<int64_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Failure("read", errno);
    if (got == 0) return absl::DataLossError(absl::StrCat("the key file ", path_, " is cut off"));
    done += got;
  }
  return bytes;
}

absl::Status KeyFile::Failure(std::string_view what, int error) const {
  return absl::UnavailableError(absl::StrCat("can't ", std::string(what), " the key file ", path_, " at present (",
                                             std::generic_category().message(error), "); retry"));
}

}  // namespace idiolect
