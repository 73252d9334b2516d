set(openapi ${CMAKE_SOURCE_DIR}/src/gateway/web/openapi.json)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${openapi})
file(READ ${openapi} CERTWRIGHT_OPENAPI)
configure_file(${CMAKE_SOURCE_DIR}/src/gateway/web/openapi_document.cc.in
               ${CMAKE_BINARY_DIR}/generated/openapi_document.cc @ONLY)

certwright_room(gateway/web
  EXPOSES access audit http json metrics session store crypto clock bytes errors
  USES x509
  SOURCES problem.cc router.cc context.cc rate_limiter.cc client_address.cc refusals.cc
          cookie.cc form.cc same_origin.cc web_handler.cc standard_routes.cc
  TESTS form_test.cc refusals_test.cc router_test.cc session_request_test.cc web_handler_test.cc
  FUZZ router client_address cookie form)
if(TARGET certwright_gateway_web)
  target_sources(certwright_gateway_web PRIVATE ${CMAKE_BINARY_DIR}/generated/openapi_document.cc)
endif()
