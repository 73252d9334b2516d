set(style ${CMAKE_SOURCE_DIR}/src/gateway/pages/style.css)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${style})
file(READ ${style} CERTWRIGHT_STYLE)
configure_file(${CMAKE_SOURCE_DIR}/src/gateway/pages/style_sheet.cc.in
               ${CMAKE_BINARY_DIR}/generated/style_sheet.cc @ONLY)

certwright_room(gateway/pages
  EXPOSES gateway/web access session store http clock bytes errors
  USES audit crypto notification
  SOURCES html.cc page.cc pages_door.cc account_pages.cc request_pages.cc approval_pages.cc request_parts.cc
          notification_pages.cc
  TESTS html_test.cc account_pages_test.cc notification_pages_test.cc request_pages_test.cc
  FUZZ html)
if(TARGET certwright_gateway_pages)
  target_sources(certwright_gateway_pages PRIVATE ${CMAKE_BINARY_DIR}/generated/style_sheet.cc)
endif()
