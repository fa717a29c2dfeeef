"""The calls of the ledger, one module for each thing it remembers; `ledger.store.Ledger` has them all."""
