certwright_room(der EXPOSES bytes clock errors
  SOURCES oid.cc primitive.cc reader.cc writer.cc
  TESTS oid_test.cc primitive_test.cc reader_test.cc
  FUZZ der)
