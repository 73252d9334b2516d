certwright_room(json
  EXPOSES bytes errors
  SYSTEM boost
  SOURCES value.cc parse.cc writer.cc object_reader.cc
  TESTS json_test.cc
  FUZZ json)
