certwright_room(audit
  EXPOSES store crypto clock bytes errors
  USES x509
  SOURCES events.cc journal.cc merkle.cc checkpoint.cc tree.cc checkpointer.cc export_format.cc
    export.cc verify.cc)
