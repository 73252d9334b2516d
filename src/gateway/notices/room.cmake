certwright_room(gateway/notices
  EXPOSES gateway/web notification access audit clock errors
  USES http json bytes
  SOURCES door.cc inbox_routes.cc template_routes.cc webhook_routes.cc
  TESTS door_test.cc
  FUZZ notices_door)
