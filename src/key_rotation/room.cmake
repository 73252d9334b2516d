certwright_room(key_rotation
  EXPOSES audit keys store crypto errors bytes
  SOURCES rotation.cc
  TESTS rotation_test.cc)
