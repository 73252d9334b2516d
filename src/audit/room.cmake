certwright_room(audit
  EXPOSES store crypto clock bytes errors
  USES x509
  SOURCES events.cc journal.cc merkle.cc checkpoint.cc tree.cc checkpointer.cc export_format.cc
    export.cc verify.cc
  TESTS events_test.cc journal_test.cc merkle_test.cc checkpoint_test.cc checkpointer_test.cc
    export_test.cc
  FUZZ audit_export checkpoint)
