certwright_room(msgpack
  EXPOSES bytes errors
  SOURCES reader.cc writer.cc
  TESTS msgpack_test.cc
  FUZZ msgpack)
