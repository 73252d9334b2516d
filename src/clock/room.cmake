certwright_room(clock SOURCES clock.cc)
