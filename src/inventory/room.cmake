certwright_room(inventory
  EXPOSES access store x509 clock bytes errors
  SOURCES inventory.cc
  TESTS inventory_test.cc
  FUZZ cursor)
