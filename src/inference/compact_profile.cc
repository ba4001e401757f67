#include "inference/compact_profile.h"

namespace idiolect {

int64_t CompactProfile::byte_size() const {
  return static_cast<int64_t>(sizeof(*this) + sizeof(float) * general.capacity() +
                              sizeof(int32_t) * word_ids.capacity() + sizeof(uint16_t) * word_pairs.capacity() +
                              sizeof(int64_t) * pair_sequences.capacity()) +
         keys.byte_size() + values.byte_size() + words.byte_size();
}

UserProfile CompactProfile::ToUserProfile() const {
  UserProfile profile;
  profile.epoch = epoch;
  profile.revision = revision;
  profile.d = static_cast<int>(general.size());
  profile.general = general;
  profile.keys = keys.ToFloats();
  profile.values = values.ToFloats();
  profile.word_states = words.ToFloats();
  if (words.rows() > 0) {
    profile.word_ids = word_ids;
    profile.word_pairs.assign(word_pairs.begin(), word_pairs.end());
  }
  profile.pair_sequences = pair_sequences;
  return profile;
}

}  // namespace idiolect
