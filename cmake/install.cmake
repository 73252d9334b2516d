# cmake --install build --prefix /usr: the program, its manual and completion, what systemd needs, and
# under share/certwright an example configuration with its schema, alert rules and a dashboard.
if(TARGET certwright)
  install(TARGETS certwright DESTINATION bin)
  install(FILES ${CMAKE_SOURCE_DIR}/docs/man/certwright.1 DESTINATION share/man/man1)
  install(FILES ${CMAKE_SOURCE_DIR}/docs/man/certwright.yaml.5 DESTINATION share/man/man5)
  set(deploy ${CMAKE_SOURCE_DIR}/deploy)
  install(FILES ${deploy}/systemd/certwright.service ${deploy}/systemd/certwright-https.socket
                ${deploy}/systemd/certwright-http.socket ${deploy}/systemd/certwright-certgen.socket
                ${deploy}/systemd/certwright-certgen@.socket ${deploy}/systemd/certwright-certgen@.service
                DESTINATION lib/systemd/system)
  install(FILES ${deploy}/systemd/certwright.sysusers DESTINATION lib/sysusers.d RENAME certwright.conf)
  install(FILES ${deploy}/certwright.yaml ${deploy}/certwright.schema.json
                ${deploy}/prometheus/certwright-alerts.yaml DESTINATION share/certwright)
  install(FILES ${deploy}/grafana/certwright.json DESTINATION share/certwright RENAME grafana-dashboard.json)
  install(CODE "
    set(completions \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/share/bash-completion/completions\")
    file(MAKE_DIRECTORY \"\${completions}\")
    execute_process(COMMAND \"$<TARGET_FILE:certwright>\" completion bash OUTPUT_FILE \"\${completions}/certwright\"
                    COMMAND_ERROR_IS_FATAL ANY)")
endif()
