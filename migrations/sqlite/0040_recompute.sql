-- Decisions in the order of their entries, page by page: `countersign verify --replay`.
create index decision_by_entry on decision (ledger_index);
