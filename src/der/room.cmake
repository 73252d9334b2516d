certwright_room(der EXPOSES bytes clock errors
  SOURCES oid.cc primitive.cc reader.cc writer.cc)
